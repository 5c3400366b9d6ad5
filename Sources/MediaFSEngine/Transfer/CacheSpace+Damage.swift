import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import SystemPackage

extension CacheSpace {
  /// Bytes of a range that was pinned; `nil` when some of it has to be fetched first.
  func read(
    pinned range: Range<Int64>, of content: FileContent
  ) throws(FileSystemError) -> [UInt8]? {
    switch try content.readPinned(range) {
    case .bytes(let bytes): return bytes
    case .gone: return nil
    case .damaged(let blocks):
      try discard(damaged: blocks, of: content)
      return nil
    }
  }

  /// Whether all of a range that is here is what it should be. What is not is dropped.
  func verify(
    _ range: Range<Int64>, of content: FileContent
  ) throws(FileSystemError) -> Bool {
    let damaged = try content.damage(in: range)
    if damaged.isEmpty { return true }
    try discard(damaged: damaged, of: content)
    return false
  }

  /// Blocks of which the disk gives other bytes than it was given. They are dropped, and fetched
  /// again when they are asked for.
  ///
  /// - Returns: how many there really are.
  @discardableResult
  func discard(
    damaged blocks: [SummedBlock], of content: FileContent
  ) throws(FileSystemError) -> Int {
    let dropped = try content.drop(damaged: blocks, catalog)
    guard !dropped.damaged.isEmpty else { return 0 }
    account.release(dropped.freed)
    statistics.damagedBlocks.add(dropped.damaged.count)
    let name = name(of: content)
    guard !dropped.isLost else {
      log.critical(
        """
        The cache disk has changed \(dropped.damaged.count) blocks of \(name), which the store \
        does not have any more: restore the file from a backup, and replace the disk
        """)
      throw FileSystemError(
        .ioError, "read", "Cached bytes of \(name) are damaged, and are nowhere else")
    }
    for block in dropped.damaged {
      log.error(
        "The cache disk gave other bytes than it was given: they are fetched again",
        metadata: [
          "path": "\(name)", "offset": "\(block.range.lowerBound)",
          "bytes": "\(block.range.count)",
        ])
    }
    return dropped.damaged.count
  }

  func name(of content: FileContent) -> String {
    let path = (try? catalog.path(of: content.inode)) ?? nil
    return path.map { $0.map(\.text).joined(separator: "/") } ?? "inode \(content.inode)"
  }
}
