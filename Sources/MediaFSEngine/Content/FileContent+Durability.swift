import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

/// What of a file survives a power cut.
extension FileContent {
  /// What was written before is on disk, and so is the name of the content file: unless there were
  /// changes meanwhile, there is nothing left to be synchronized.
  func synchronize(
    _ catalog: Catalog, _ disk: any ContentDisk, now: Timestamp
  ) throws(FileSystemError) {
    do {
      let (unsynced, changes) = try unsynced(catalog)
      try refuseIfSuspect(unsynced, "fsync")
      try synchronizeData(catalog)
      try disk.synchronizeName(of: number)
      try settle(catalog, now: now)
      try synchronized(unsynced, since: changes, catalog)
      try settleMapped(unsynced, since: changes, catalog, now: now)
      try catalog.synchronize()
    } catch {
      throw Self.failure(error, "fsync")
    }
  }

  /// The same, before the content is sent: an object must not have what a power cut takes from
  /// here. Costs nothing if nothing has changed since.
  func synchronizeToSend(
    _ catalog: Catalog, _ disk: any ContentDisk
  ) throws(FileSystemError) {
    do {
      let (unsynced, changes) = try unsynced(catalog)
      guard let unsynced else { return }
      try refuseIfSuspect(unsynced, "upload")
      try synchronizeData(catalog)
      try disk.synchronizeName(of: number)
      try synchronized(unsynced, since: changes, catalog)
    } catch {
      throw Self.failure(error, "upload")
    }
  }

  /// The mark of what is not on the disk, and how many changes it is of: none is half done.
  private func unsynced(
    _ catalog: Catalog
  ) throws(CatalogError) -> (mark: UnsyncedContent?, changes: UInt64) {
    try changing.withLock { _ throws(CatalogError) in
      (try catalog.unsynced(number), state.withLock { $0.lifecycle.changes })
    }
  }

  private func synchronizeData(_ catalog: Catalog) throws {
    do throws(Errno) {
      try file.synchronizeData()
    } catch {
      try catalog.doubt(number)
      throw error
    }
  }

  private func refuseIfSuspect(
    _ unsynced: UnsyncedContent?, _ operation: String
  ) throws(FileSystemError) {
    guard unsynced?.isSuspect == true else { return }
    throw FileSystemError(
      .ioError, operation,
      "The cache disk has failed, and may have lost bytes of the file. Once it works again, "
        + "unmount and mount again: then what is there is looked at, and sent.")
  }

  private func synchronized(
    _ unsynced: UnsyncedContent?, since changes: UInt64, _ catalog: Catalog
  ) throws(CatalogError) {
    try changing.withLock { _ throws(CatalogError) in
      let size = state.withLock { state -> Int64? in
        guard state.lifecycle.isSettled, state.lifecycle.changes == changes else { return nil }
        state.seams = 0..<0
        return state.lifecycle.size
      }
      guard let unsynced, let size else { return }
      try catalog.synced([unsynced], kept: size)
    }
  }

  /// Called under ``changing``.
  func synchronizeFile(_ catalog: Catalog) throws(FileSystemError) {
    do {
      try synchronizeData(catalog)
    } catch {
      throw Self.failure(error, "write")
    }
    state.withLock { ($0.filledUp, $0.isHealing) = ([], false) }
  }

  // MARK: Before a change

  /// The mark of what is not on the disk, before a change. Bytes that the object has too, and that
  /// are not on the disk, go there: from now on it is not known any more which of them it has.
  func mark(
    before claim: FileLifecycle.Claim, _ catalog: Catalog
  ) throws(FileSystemError) -> UnsyncedContent? {
    if claim == .nothing { return nil }
    do {
      let mark = try catalog.unsynced(number)
      if claim == .object {
        if mark != nil {
          try synchronizeFile(catalog)
        } else {
          // What is on its way has no mark yet.
          state.withLock { if $0.fetches.isEmpty { $0.filledUp = [] } }
        }
      }
      return mark
    } catch {
      throw Self.failure(error, "write")
    }
  }

  /// Whether a power cut would leave nothing that has the content file looked at.
  func isUntold(
    _ claim: FileLifecycle.Claim, since mark: UnsyncedContent?, _ catalog: Catalog
  ) throws(CatalogError) -> Bool {
    if catalog.isUntold(number) { return true }
    switch claim {
    case .nothing: return false
    case .object: return true
    case .version:
      // One that was there, and has not been removed meanwhile, is on the disk or comes with what
      // made it.
      guard let mark, let now = try catalog.unsynced(number) else { return true }
      return !now.continues(mark)
    }
  }

  /// Room is about to be given back in which bytes are that the object may have others of: those
  /// would be there again after a power cut, whatever was synchronized meanwhile, if the catalog
  /// did not say before that there are zeros.
  func willClear(_ zeros: [Range<Int64>], _ catalog: Catalog) throws(FileSystemError) {
    let holes = state.withLock { state -> ByteRangeSet? in
      let base = 0..<max(0, min(state.lifecycle.size, state.lifecycle.baseSize))
      let blocks = zeros.map { FileLifecycle.blocks(inside: $0.clamped(to: base)) }
      var holes = state.recordedHoles
      for block in blocks {
        for run in state.lifecycle.present.present(in: block) { holes.insert(run) }
      }
      return holes == state.recordedHoles ? nil : holes
    }
    guard let holes else { return }
    do throws(CatalogError) {
      try catalog.recordHoles(holes, of: number)
      try catalog.synchronize()
    } catch {
      throw FileSystemError(error, "fallocate")
    }
    state.withLock { $0.recordedHoles = holes }
  }

  /// Bytes are about to come to blocks in which nothing is, but to which the disk may have given
  /// room: what was in them was cut off. After a power cut it would be taken for those bytes.
  func noteRoom(of range: Range<Int64>) {
    let edges = state.withLock { $0.lifecycle.emptyEdges(of: range) }
    for edge in edges where (try? file.dataExtents(in: edge)) != [] {
      state.withLock { $0.filledUp.formUnion(Segment.covering(edge)) }
    }
  }

  /// How far ahead more seams are expected where there was one before. Each note costs a system
  /// call; what it says too much makes a power cut take more of what was not synchronized.
  private static let seamInterval: Int64 = 1 << 20

  /// A file goes on in the middle of a block, to its end or beyond. Of that block the disk may have
  /// what was there before, with zeros behind, and of later ones everything: nothing would tell
  /// those zeros from bytes that somebody wrote. So the content file says where that may be.
  ///
  /// - Parameter isInPieces: it will also go on wherever one of them ends.
  func noteSeams(growingTo newSize: Int64, inPieces isInPieces: Bool = false) throws(Errno) {
    let (size, known) = state.withLock { ($0.lifecycle.size, $0.seams) }
    var seams = FileLifecycle.blocks(around: size..<size)
    guard newSize > size, isInPieces || !seams.isEmpty && newSize >= seams.upperBound else {
      return
    }
    if isInPieces { seams = FileLifecycle.blocks(around: size..<newSize) }
    if let known, known.clamped(to: seams) == seams { return }
    let noted = if let known { known } else { try file.seams() }
    if !noted.isEmpty {
      let end = max(noted.upperBound, seams.upperBound + Self.seamInterval)
      seams = min(noted.lowerBound, seams.lowerBound)..<end
    }
    if seams != noted { try file.setSeams(seams) }
    state.withLock { $0.seams = seams }
  }

  static func failure(_ error: any Error, _ operation: String) -> FileSystemError {
    switch error {
    case let error as FileSystemError: error
    case let error as CatalogError: FileSystemError(error, operation)
    case let error as Errno:
      FileSystemError(error, operation, "The cache disk failed", underlying: error)
    default: FileSystemError(.ioError, operation, "The cache failed", underlying: error)
    }
  }
}
