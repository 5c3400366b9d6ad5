import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization

/// States of a file that were sent from here, and that the catalog does not know of.
extension FileContent {
  /// Takes what was found in the place of the object for that object, if it is a later state of the
  /// file that was sent from here (``Catalog/recognise(_:_:insteadOf:of:at:)``).
  ///
  /// After a power cut the catalog may not know any more that the file was cut before it was sent.
  /// Then the file is cut once more: what lay behind the end is nowhere any more.
  ///
  /// - Returns: whether it was taken, and whether the file has become shorter by that.
  func recognise(
    _ found: StoredObject, _ token: CommitToken, insteadOf known: StoredObject, _ catalog: Catalog,
    _ space: CacheSpace, now: Timestamp
  ) throws -> (isTaken: Bool, isCut: Bool) {
    var grown: Int64 = 0
    defer { space.adjust(reserved: 0, used: grown) }
    // All at once: who writes meanwhile would lose what he was told is there.
    let (isTaken, isCut) = try changing.withLock { _ in
      let isCut =
        try state.withLock({ $0.isEmpty(behind: found.size) })
        && catalog.isLaterContent(token, than: known, of: inode)
      if isCut { grown = try resize(to: found.size, catalog, now: now) }
      return (try catalog.recognise(found, token, insteadOf: known, of: inode, at: now), isCut)
    }
    if isCut { wakeReaders() }
    return (isTaken, isCut)
  }
}

extension FileContent.State {
  /// Whether the file is longer than that, and all that lies behind is the object's and not here.
  fileprivate func isEmpty(behind end: Int64) -> Bool {
    let (size, base) = (lifecycle.size, lifecycle.baseSize)
    return end < size && size == base && lifecycle.missing(in: end..<size) == [end..<size]
      && held == nil && mappers == 0 && !isOrphan && !isSuperseded
  }
}
