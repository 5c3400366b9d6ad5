import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import SystemPackage

/// Finds out what a power cut has left of the content files that were not on disk, before anything
/// of them is read or sent. Idempotent; as long as it takes to look at what was written last.
struct CutRecovery {
  let catalog: Catalog
  let disk: any ContentDisk
  let environment: Environment
  let log: Logger

  func run() throws(CatalogError) {
    let suspects = try catalog.suspects()
    guard !suspects.isEmpty else { return }
    log.notice("The host lost power: looking at \(suspects.count) files that were not on disk")
    for suspect in suspects {
      do throws(Errno) {
        try inspect(suspect)
      } catch {
        // It stays suspect, and nothing is known of it until the next start.
        log.error("Content file \(suspect.content) cannot be inspected: \(error)")
      }
    }
    try catalog.synchronize()
  }

  private func inspect(_ suspect: SuspectContent) throws(Errno) {
    guard let record = suspect.record, record.linkCount > 0 else {
      return try asking { try $0.cleared(suspect.content) }
    }
    guard record.isContentDirty || record.object == nil else {
      // The store has it: what came from there and was not on disk comes again.
      try asking { try $0.forgetBytes(of: record) }
      return try disk.remove(record.content)
    }
    let file = try disk.open(record.content)
    let status = try file.status()
    let present = try asked { try $0.extents(of: record.content) }
    let data = try self.data(in: file, size: status.size, record, suspect)
    let salvage = Salvage(
      size: record.size, baseSize: record.baseSize, isWriting: record.isWriting,
      kept: suspect.kept, stored: suspect.wasStored ? record.object?.size : nil,
      present: present, holes: try asked { try $0.holes(of: record) }, data: data)
    if salvage.verdict == .reverted { try file.truncate(to: 0) }
    if try file.status().size != salvage.size { try file.truncate(to: salvage.size) }
    try file.synchronizeData()
    let modified = Timestamp(nanosecondsSinceEpoch: status.modified)
    let state = ContentState(
      size: salvage.size, modified: record.isWriting ? modified : record.modified,
      holes: FileLifecycle.holes(
        size: salvage.size, baseSize: salvage.baseSize, present: salvage.present,
        data: data.ranges.map { $0.clamped(to: 0..<salvage.size) }),
      endsWithZero: suspect.endsWithZero)
    try asking { try $0.salvage(record, state, salvage, at: environment.now()) }
    try report(salvage, record)
  }

  /// Where a content file has bytes that somebody wrote.
  ///
  /// Where a file grew within a block that was on disk, ext4 may have the new size without the
  /// bytes: zeros from the old end on. One old end is what was kept, the other that of the file.
  private func data(
    in file: any ContentFile, size: Int64, _ record: InodeRecord, _ suspect: SuspectContent
  ) throws(Errno) -> ByteRangeSet {
    var data = ByteRangeSet(try file.dataExtents(in: 0..<size))
    let kept = min(suspect.kept, size)
    let block = FileLifecycle.blocks(around: kept..<kept)
    let behind = kept..<max(kept, min(block.upperBound, size))
    if try zeros(atEndOf: behind, in: file) == behind { data.remove(behind) }
    if size > kept, record.isWriting || !suspect.endsWithZero || size != record.size {
      let last = FileLifecycle.blocks(around: size - 1..<size).lowerBound
      data.remove(try zeros(atEndOf: max(last, kept)..<size, in: file))
    }
    return data
  }

  private func zeros(
    atEndOf range: Range<Int64>, in file: any ContentFile
  ) throws(Errno) -> Range<Int64> {
    let bytes = try file.read(count: range.count, at: range.lowerBound)
    let start = (bytes.lastIndex { $0 != 0 } ?? -1) + 1
    return range.lowerBound + Int64(start)..<range.upperBound
  }

  private func report(_ salvage: Salvage, _ record: InodeRecord) throws(Errno) {
    let change: Logger.Message
    switch salvage.verdict {
    case .whole: return
    case .shortened: change = "it has \(salvage.size) bytes of \(record.size)"
    case .reverted: change = "it is the store's version again"
    }
    let path = try asked { try $0.path(of: record.number) } ?? []
    log.warning(
      "The power cut took what was written into a file and not synchronized: \(change)",
      metadata: ["path": "\(path.map(\.text).joined(separator: "/"))"])
  }

  private func asking(_ change: (Catalog) throws -> Void) throws(Errno) {
    try asked(change)
  }

  private func asked<Answer>(_ question: (Catalog) throws -> Answer) throws(Errno) -> Answer {
    do {
      return try question(catalog)
    } catch {
      log.error("The catalog failed: \(error)")
      throw .ioError
    }
  }
}
