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
  ///   - effect: changes the content file.
  /// - Returns: whether the journal has changed.
  @discardableResult
  func change(
    _ operation: String, _ catalog: Catalog, _ space: CacheSpace, now: Timestamp,
    maximumSize: Int64, place: (Int64) -> (start: Int64, count: Int64)?,
    effect: (Range<Int64>) throws(Errno) -> Void
  ) throws(FileSystemError) -> Bool {
    // Before the lock: making room changes other contents.
    let expected = growth(changing: place(size))
    guard space.reserve(expected) else { throw .cacheFull(operation) }
    var grown: Int64 = 0
    defer { space.adjust(reserved: expected, used: grown) }
    let isNews: Bool
    (grown, isNews) = try changing.withLock { _ throws(FileSystemError) -> (Int64, Bool) in
      guard let (start, count) = place(size), count > 0 else { return (0, false) }
      let (end, overflow) = start.addingReportingOverflow(count)
      guard start >= 0, !overflow, end <= maximumSize else {
        throw FileSystemError(.fileTooLarge, operation, "The store takes no larger object")
      }
      let isNews = try prepareChange(of: start..<end, catalog, now: now)
      do throws(Errno) {
        try effect(start..<end)
      } catch {
        throw FileSystemError(error, operation, "The cache disk failed", underlying: error)
      }
      return (try wrote(start..<end, catalog, now: now), isNews)
    }
    return isNews
  }

  /// How many more bytes the content file will hold, at most.
  private func growth(changing place: (start: Int64, count: Int64)?) -> Int64 {
    guard let (start, count) = place else { return 0 }
    let (end, overflow) = start.addingReportingOverflow(count)
    guard !overflow, start >= 0, start < end else { return 0 }
    return state.withLock { state in
      var after = state.lifecycle
      after.wrote(start..<end)
      return max(0, after.residentBytes - state.lifecycle.residentBytes)
    }
  }
}
