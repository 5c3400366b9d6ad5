import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

/// What fallocate(2) and lseek(2) do with ranges. What was never fetched is not fetched for it:
/// zeros are made here, and a byte that is only in the store counts as data.
extension FileContent {
  /// Returns whether the journal has changed.
  func allocate(
    _ range: Range<Int64>, _ allocation: Allocation, _ catalog: Catalog, _ space: CacheSpace,
    now: Timestamp, maximumSize: Int64
  ) throws(FileSystemError) -> Bool {
    let operation = "fallocate"
    switch allocation {
    case .punchHole, .zero(keepingSize: true):
      return try change(
        operation, catalog, space, now: now, maximumSize: maximumSize,
        place: { size in
          let inside = range.clamped(to: 0..<max(0, size))
          return (inside.lowerBound, Int64(inside.count))
        }, zeros: { [$0] }, effect: { range throws(Errno) in try clear(range) })
    case .zero(keepingSize: false):
      return try change(
        operation, catalog, space, now: now, maximumSize: maximumSize,
        place: { _ in (range.lowerBound, Int64(range.count)) }, zeros: { [$0] },
        effect: { range throws(Errno) in
          if try file.status().size < range.upperBound {
            try file.truncate(to: range.upperBound)
          }
          try clear(range)
        })
    case .reserve(let keepingSize):
      guard range.upperBound <= maximumSize else {
        throw FileSystemError(.fileTooLarge, operation, "The store takes no larger object")
      }
      try reserve(range, keepingSize: keepingSize, catalog, space)
      guard !keepingSize else { return false }
      return try change(
        operation, catalog, space, now: now, maximumSize: maximumSize,
        place: { size in (size, max(0, range.upperBound - size)) },
        effect: { range throws(Errno) in try file.truncate(to: range.upperBound) })
    }
  }

  /// The parts of blocks at the ends get room where the object has the rest: without any they would
  /// be taken for missing after a power cut.
  private func clear(_ range: Range<Int64>) throws(Errno) {
    try file.clear(range)
    let inside = FileLifecycle.blocks(inside: range)
    let ends =
      inside.isEmpty
      ? [range] : [range.lowerBound..<inside.lowerBound, inside.upperBound..<range.upperBound]
    for part in ends {
      for run in state.withLock({ $0.lifecycle.missing(in: part) }) {
        try file.write([UInt8](repeating: 0, count: run.count), at: run.lowerBound)
      }
    }
  }

  /// Finds out whether there is room for a range, and takes it from the disk. What has to be
  /// fetched first gets its room then; that the cache could hold it is made sure of now.
  private func reserve(
    _ range: Range<Int64>, keepingSize: Bool, _ catalog: Catalog, _ space: CacheSpace
  ) throws(FileSystemError) {
    let (local, lacking) = state.withLock { state -> ([Range<Int64>], Int64) in
      let size = max(0, state.lifecycle.size)
      let missing = ByteRangeSet(state.lifecycle.missing(in: range))
      let end = keepingSize ? min(range.upperBound, size) : range.upperBound
      let local = missing.missing(in: range.lowerBound..<max(range.lowerBound, end))
      let behind = max(0, range.upperBound - max(size, range.lowerBound))
      return (local, missing.count + behind + state.lifecycle.emptyBytes(in: range))
    }
    guard space.reserve(forChange: lacking) else { throw .cacheFull("fallocate") }
    var filled: Int64 = 0
    defer { space.adjust(reserved: lacking, used: filled) }
    try changing.withLock { _ throws(FileSystemError) in
      do throws(Errno) {
        for run in local { try file.reserveSpace(run) }
      } catch {
        throw FileSystemError(error, "fallocate", "The cache disk refuses", underlying: error)
      }
      filled = try fill(range, catalog)
    }
  }

  /// Holes have got room; returns how much. Nothing of it changes the file, so nothing else would
  /// record it.
  private func fill(
    _ range: Range<Int64>, _ catalog: Catalog
  ) throws(FileSystemError) -> Int64 {
    let (filled, holes) = state.withLock { state in
      let before = state.lifecycle.residentBytes
      state.lifecycle.fill(range)
      return (state.lifecycle.residentBytes - before, state.lifecycle.holes)
    }
    guard filled > 0 else { return 0 }
    do throws(CatalogError) {
      try catalog.recordHoles(holes, of: number)
    } catch {
      throw FileSystemError(error, "fallocate")
    }
    state.withLock { $0.recordedHoles = holes }
    return filled
  }

  /// The next data or hole at or behind `offset`; `ENXIO` when there is none. Holes are those of
  /// the content file, where all around them is here.
  func seek(
    from offset: Int64, to target: SeekTarget
  ) throws(FileSystemError) -> Int64 {
    try changing.withLock { _ throws(FileSystemError) -> Int64 in
      let (size, missing) = state.withLock { state -> (Int64, [Range<Int64>]) in
        let size = max(0, state.lifecycle.size)
        guard (0..<size).contains(offset) else { return (size, []) }
        return (size, state.lifecycle.missing(in: offset..<size))
      }
      guard (0..<size).contains(offset) else { throw Self.nothingBehind(offset) }
      var position = offset
      for run in missing + [size..<size] {
        if let found = try nextLocal(target, in: position..<run.lowerBound) { return found }
        if !run.isEmpty, target == .data { return run.lowerBound }
        position = run.upperBound
      }
      guard target == .hole else { throw Self.nothingBehind(offset) }
      return size
    }
  }

  private func nextLocal(
    _ target: SeekTarget, in range: Range<Int64>
  ) throws(FileSystemError) -> Int64? {
    guard !range.isEmpty else { return nil }
    do throws(Errno) {
      let found =
        switch target {
        case .data: try file.nextData(from: range.lowerBound)
        case .hole: try file.nextHole(from: range.lowerBound)
        }
      return found.flatMap { $0 < range.upperBound ? $0 : nil }
    } catch {
      throw FileSystemError(error, "lseek", "The cache disk failed", underlying: error)
    }
  }

  private static func nothingBehind(_ offset: Int64) -> FileSystemError {
    FileSystemError(.noSuchAddressOrDevice, "lseek", "There is nothing behind \(offset)")
  }
}
