import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import SystemPackage

/// Finds out what a power cut, or a disk that failed, has left of the content files that were not
/// on disk, before anything of them is read or sent. Idempotent; as long as it takes to look at
/// what was written last.
struct CutRecovery {
  let catalog: Catalog
  let disk: any ContentDisk
  let environment: Environment
  let log: Logger

  func run() throws(CatalogError) {
    let suspects = try catalog.suspects()
    guard !suspects.isEmpty else { return }
    log.notice("Looking at \(suspects.count) files that the disk may have lost bytes of")
    for suspect in suspects {
      do {
        try inspect(suspect)
      } catch let error as CatalogError {
        throw error
      } catch {
        // It stays suspect: nothing of it is sent before a later start has looked at it.
        log.error("Content file \(suspect.content) cannot be inspected: \(error)")
      }
    }
    try catalog.synchronize()
  }

  private func inspect(_ suspect: SuspectContent) throws {
    guard let record = suspect.record, record.linkCount > 0 else {
      return try catalog.cleared(suspect.content)
    }
    guard record.isContentDirty || record.object == nil else {
      // The store has it: what came from there and was not on disk comes again.
      try catalog.forgetBytes(of: record)
      return try disk.remove(record.content)
    }
    let file = try disk.open(record.content)
    let status = try file.status()
    let (present, sums) = try catalog.summedExtents(of: record.content, end: record.baseSize)
    let holes = try catalog.holes(of: record)
    let data = try self.data(in: file, size: status.size, holes, record, suspect)
    let salvage = Salvage(
      size: record.size, baseSize: record.baseSize, isWriting: record.isWriting,
      kept: suspect.kept, stored: suspect.wasStored ? record.object?.size : nil,
      present: present,
      changed: record.object == nil ? nil : try catalog.changes(of: record.content), sums: sums,
      holes: holes, data: data)
    if salvage.verdict == .reverted { try file.truncate(to: 0) }
    if try file.status().size != salvage.size { try file.truncate(to: salvage.size) }
    try giveBack(salvage.present.missing(in: 0..<max(0, salvage.baseSize)), of: file)
    try file.synchronizeData()
    // The cut may have taken the file as a whole: this is a new one then.
    try disk.synchronizeName(of: record.content)
    let modified = Timestamp(nanosecondsSinceEpoch: status.modified)
    let wasWritten = record.isWriting && salvage.size + record.size > 0
    let state = ContentState(
      size: salvage.size, modified: wasWritten ? modified : record.modified,
      holes: FileLifecycle.holes(
        size: salvage.size, baseSize: salvage.baseSize, present: salvage.present,
        data: data.ranges.map { $0.clamped(to: 0..<salvage.size) }),
      endsWithZero: suspect.endsWithZero)
    try catalog.salvage(record, state, salvage, at: environment.now())
    try report(salvage, record)
  }

  /// What is taken for the object's takes no room: it would be there instead of what is written
  /// there, if the next cut took that.
  private func giveBack(_ gaps: [Range<Int64>], of file: any ContentFile) throws(Errno) {
    do throws(Errno) {
      for gap in gaps { try file.punchHole(gap) }
    } catch {
      if error != .notSupported { throw error }
    }
  }

  /// Where a content file has bytes that somebody wrote.
  ///
  /// Where a file grew within a block that was on disk, ext4 may have the new size without the
  /// bytes: zeros from the old end on, in some of its sectors or in all. Old ends are what was
  /// kept, that of the file, in between that of the block before the first one that is missing, and
  /// those in blocks in which the file has gone on, of which it tells itself
  /// (``ContentFile/seams()``).
  private func data(
    in file: any ContentFile, size: Int64, _ holes: ByteRangeSet, _ record: InodeRecord,
    _ suspect: SuspectContent
  ) throws(Errno) -> ByteRangeSet {
    var data = ByteRangeSet(try file.dataExtents(in: 0..<size))
    let kept = min(suspect.kept, size)
    let behind = kept..<max(kept, min(Self.endOfSector(at: kept), size))
    if try zeros(atEndOf: behind, in: file) == behind { data.remove(behind) }
    if size > kept, record.isWriting || !suspect.endsWithZero || size != record.size {
      let last = FileLifecycle.blocks(around: size - 1..<size).lowerBound
      data.remove(try zeros(atEndOf: max(last, kept)..<size, in: file))
    }
    if let end = try firstSeam(in: data, of: file, from: kept, to: size) { data.remove(end..<size) }
    var here = data
    here.formUnion(holes)
    if let gap = here.missing(in: kept..<size).first, gap.lowerBound > kept {
      let last = FileLifecycle.blocks(around: gap.lowerBound - 1..<gap.lowerBound).lowerBound
      data.remove(try zeros(atEndOf: max(last, kept)..<gap.lowerBound, in: file))
    }
    return data
  }

  /// How much is read at once, in bytes.
  private static let stretch: Int64 = 1 << 20

  /// What a disk writes as a whole, or not at all, at the least, in bytes.
  private static let sector: Int64 = 512

  /// The end of the sector that a byte lies in; the byte's own place where one begins there.
  private static func endOfSector(at offset: Int64) -> Int64 {
    (offset + sector - 1) / sector * sector
  }

  /// Where the first sector ends in zeros of the blocks in which the file has gone on.
  private func firstSeam(
    in data: ByteRangeSet, of file: any ContentFile, from kept: Int64, to size: Int64
  ) throws(Errno) -> Int64? {
    let seams = try file.seams().clamped(to: kept..<max(kept, size))
    for run in data.present(in: seams) {
      for start in stride(
        from: run.lowerBound / Self.stretch * Self.stretch, to: run.upperBound,
        by: Int(Self.stretch))
      {
        let part = (start..<start + Self.stretch).clamped(to: run)
        let bytes = try file.read(count: part.count, at: part.lowerBound)
        for end in stride(
          from: Self.endOfSector(at: part.lowerBound + 1), through: min(part.upperBound, size - 1),
          by: Int(Self.sector))
        where bytes[Int(end - 1 - part.lowerBound)] == 0 {
          let start = max(part.lowerBound, end - Self.sector)
          return try zeros(atEndOf: start..<end, in: file).lowerBound
        }
      }
    }
    return nil
  }

  private func zeros(
    atEndOf range: Range<Int64>, in file: any ContentFile
  ) throws(Errno) -> Range<Int64> {
    let bytes = try file.read(count: range.count, at: range.lowerBound)
    let start = (bytes.lastIndex { $0 != 0 } ?? -1) + 1
    return range.lowerBound + Int64(start)..<range.upperBound
  }

  private func report(_ salvage: Salvage, _ record: InodeRecord) throws(CatalogError) {
    let change: Logger.Message
    switch salvage.verdict {
    case .whole: return
    case .shortened: change = "it has \(salvage.size) bytes of \(record.size)"
    case .reverted: change = "it is the store's version again"
    }
    let path = try catalog.path(of: record.number) ?? []
    log.warning(
      "What was written into a file and not synchronized is lost: \(change)",
      metadata: ["path": "\(path.map(\.text).joined(separator: "/"))"])
  }
}
