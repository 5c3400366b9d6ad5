import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

extension FileContent {
  /// The one way in which bytes of a range change, whatever changes them: room in the cache, dirty
  /// in the catalog, the content file, then what is here and the extents. Whatever order a crash
  /// cuts, nothing that was returned from is missing.
  ///
  /// - Parameters:
  ///   - maximumSize: `EFBIG` for what ends behind it.
  ///   - place: where, given the size of the file; `nil` or an empty range changes nothing.
  ///   - zeros: the runs of a range that become holes, asked before and after.
  ///   - isInPieces: the range changes piece by piece, of any lengths.
  ///   - effect: changes the content file.
  /// - Returns: whether the journal has changed.
  @discardableResult
  func change(
    _ operation: String, _ catalog: Catalog, _ space: CacheSpace, now: Timestamp,
    maximumSize: Int64, place: (Int64) -> (start: Int64, count: Int64)?,
    zeros: (Range<Int64>) -> [Range<Int64>] = { _ in [] }, isInPieces: Bool = false,
    effect: (Range<Int64>) throws(Errno) -> Void
  ) throws(FileSystemError) -> Bool {
    // Before the lock: making room changes other contents.
    var expected: Int64 = 0
    if let range = try Self.range(place(size), operation, maximumSize: maximumSize) {
      try compareBeforeChange(of: range, space)
      // Outside of the lock: those of a copy are asked of its source.
      let zeros = zeros(range)
      expected = state.withLock { $0.lifecycle.growth(writing: range, leaving: zeros) }
    }
    guard space.reserve(forChange: expected) else { throw .cacheFull(operation) }
    var grown: Int64 = 0
    defer { space.adjust(reserved: expected, used: grown) }
    let isNews: Bool
    (grown, isNews) = try changing.withLock { _ throws(FileSystemError) -> (Int64, Bool) in
      guard let range = try Self.range(place(size), operation, maximumSize: maximumSize) else {
        return (0, false)
      }
      let isNews = try prepareChange(of: range, catalog, now: now)
      try willClear(zeros(range), catalog)
      noteRoom(of: range)
      var isNoted = true
      do throws(Errno) {
        do throws(Errno) {
          try noteSeams(growingTo: range.upperBound, inPieces: isInPieces)
          try effect(range)
        } catch Errno.noSpace {
          // What was deleted may still take the room. Whatever was changed is changed once more.
          space.removeCondemned()
          isNoted = (try? noteSeams(growingTo: range.upperBound, inPieces: isInPieces)) != nil
          try effect(range)
        }
      } catch {
        throw FileSystemError(error, operation, "The cache disk failed", underlying: error)
      }
      // An inode may have no room for attributes on a disk that has some for bytes.
      if !isNoted { try synchronizeFile(catalog) }
      return (try wrote(range, leaving: zeros(range), catalog, now: now), isNews)
    }
    return isNews
  }

  /// The blocks around a change have no sums from then on: what of them was not compared yet would
  /// never be, and be sent. Not what the change replaces as a whole: that may be damaged.
  private func compareBeforeChange(
    of range: Range<Int64>, _ space: CacheSpace
  ) throws(FileSystemError) {
    let replaced = BlockSums.blocks(inside: range, end: .max)
    let inside = replaced.lowerBound * BlockSums.length..<replaced.upperBound * BlockSums.length
    for blocks in state.withLock({ $0.lifecycle.unmarked(in: range) }) {
      for part in [
        blocks.clamped(to: 0..<inside.lowerBound),
        blocks.clamped(to: inside.upperBound..<Int64.max),
      ] where !part.isEmpty {
        _ = try space.verify(part, of: self)
      }
    }
  }

  /// `nil` where nothing changes; `EFBIG` where no store has room for it.
  private static func range(
    _ place: (start: Int64, count: Int64)?, _ operation: String, maximumSize: Int64
  ) throws(FileSystemError) -> Range<Int64>? {
    guard let (start, count) = place, count > 0 else { return nil }
    let (end, overflow) = start.addingReportingOverflow(count)
    guard start >= 0, !overflow, end <= maximumSize else {
      throw FileSystemError(.fileTooLarge, operation, "The store takes no larger object")
    }
    return start..<end
  }
}
