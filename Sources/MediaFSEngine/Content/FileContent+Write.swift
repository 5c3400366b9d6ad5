import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

extension FileContent {
  /// Writes acknowledged bytes: dirty in the catalog first, then in the content file, then (where
  /// the object's own bytes lie around them) in the extents. Whatever order a crash cuts, nothing
  /// that was returned from is missing.
  ///
  /// - Parameter offset: `nil` appends.
  /// - Returns: whether the journal has changed.
  func write(
    _ bytes: UnsafeRawBufferPointer, at offset: Int64?, _ catalog: Catalog, _ space: CacheSpace,
    now: Timestamp, maximumSize: Int64
  ) throws(FileSystemError) -> Bool {
    let count = Int64(bytes.count)
    return try change(
      "write", catalog, space, now: now, maximumSize: maximumSize,
      place: { (start: offset ?? $0, count: count) },
      effect: { range throws(Errno) in try unsafe file.write(bytes, at: range.lowerBound) })
  }

  /// Takes note of written bytes; returns how many more the content file holds.
  ///
  /// - Parameter zeros: the runs of them that are holes.
  func wrote(
    _ range: Range<Int64>, leaving zeros: [Range<Int64>], _ catalog: Catalog, now: Timestamp
  ) throws(FileSystemError) -> Int64 {
    let (grown, isPatch) = state.withLock { state in
      let before = state.lifecycle.residentBytes
      let isPatch = range.lowerBound < state.lifecycle.baseSize
      state.lifecycle.wrote(range, leaving: zeros)
      state.modified = now
      return (state.lifecycle.residentBytes - before, isPatch)
    }
    if isPatch { try recordExtents(around: range, catalog, now: now) }
    return grown
  }

  /// Marks the file dirty, and what of it differs from its object, before its first byte changes.
  /// Called under ``changing``. Returns whether the journal has changed.
  func prepareChange(
    of range: Range<Int64>, _ catalog: Catalog, now: Timestamp
  ) throws(FileSystemError) -> Bool {
    let (isNews, blocks) = state.withLock {
      ($0.lifecycle.needsNewVersion, $0.lifecycle.unmarked(in: range))
    }
    do throws(CatalogError) {
      if isNews {
        let record = try catalog.beginWriting(inode, content: number, changing: blocks, at: now)
        state.withLock { $0.lifecycle.began(version: record.version) }
      } else if !blocks.isEmpty {
        try catalog.recordChanges(blocks, of: number)
      }
    } catch {
      throw FileSystemError(error, "write")
    }
    if isNews { try label(catalog) }
    state.withLock { state in
      state.lifecycle.marked(blocks)
      state.lifecycle.willChange()
    }
    return isNews
  }

  /// Tells the catalog which bytes are here, after they are: those of the touched segments.
  func recordExtents(
    around range: Range<Int64>, _ catalog: Catalog, now: Timestamp
  ) throws(FileSystemError) {
    let segments = Segment.covering(range)
    guard !segments.isEmpty else { return }
    let whole =
      segments.lowerBound * Segment.length..<segments.upperBound * Segment.length
    let runs = state.withLock { $0.lifecycle.present.present(in: whole) }
    do throws(CatalogError) {
      try catalog.replaceExtents(of: number, segments: segments, with: runs, accessed: now)
    } catch {
      throw FileSystemError(error, "write")
    }
  }

  /// Cuts or extends the file. What is added is a hole, which takes no room but for the parts of
  /// blocks at its ends.
  func truncate(
    to newSize: Int64, _ catalog: Catalog, _ space: CacheSpace, now: Timestamp
  ) throws(FileSystemError) {
    let expected = state.withLock { state in
      var after = state.lifecycle
      after.truncated(to: newSize)
      return max(0, after.residentBytes - state.lifecycle.residentBytes)
    }
    guard space.reserve(expected) else { throw .cacheFull("truncate") }
    var grown: Int64 = 0
    defer { space.adjust(reserved: expected, used: grown) }
    grown = try changing.withLock { _ throws(FileSystemError) -> Int64 in
      // Dirty first, then cut, then recorded: after a crash in between, the content file's size is
      // the file's.
      _ = try prepareChange(of: 0..<0, catalog, now: now)
      do throws(Errno) {
        try file.truncate(to: newSize)
      } catch {
        throw FileSystemError(error, "truncate", "The cache disk failed", underlying: error)
      }
      do throws(CatalogError) {
        let record = try catalog.truncate(inode, content: number, to: newSize, at: now)
        state.withLock { state in
          state.lifecycle.began(version: record.version)
          state.recordedHoles.truncate(to: newSize)
        }
      } catch {
        throw FileSystemError(error, "truncate")
      }
      return state.withLock { state in
        let before = state.lifecycle.residentBytes
        state.lifecycle.truncated(to: newSize)
        state.modified = now
        return state.lifecycle.residentBytes - before
      }
    }
  }

  /// Brings the catalog's row up to date with the content file.
  func settle(_ catalog: Catalog, now: Timestamp) throws(FileSystemError) {
    try changing.withLock { _ throws(FileSystemError) in
      let shape = state.withLock { state -> ContentState? in
        guard !state.lifecycle.isSettled else { return nil }
        let holes = state.lifecycle.holes
        return ContentState(
          size: state.lifecycle.size, modified: state.modified,
          holes: holes == state.recordedHoles ? nil : holes)
      }
      guard let shape else { return }
      do throws(CatalogError) {
        try catalog.settle(inode, content: number, shape, at: now)
      } catch {
        throw FileSystemError(error, "flush")
      }
      state.withLock { state in
        state.lifecycle.settled()
        if let holes = shape.holes { state.recordedHoles = holes }
      }
    }
  }

  /// Counts a new version although no byte changed: the store has lost the object.
  func markDirty(_ catalog: Catalog, now: Timestamp) throws(FileSystemError) {
    try changing.withLock { _ throws(FileSystemError) in
      _ = try prepareChange(of: 0..<0, catalog, now: now)
      state.withLock { $0.object = nil }
    }
    try detach(catalog)
    try settle(catalog, now: now)
  }

  /// Every byte is here: from now on nothing is the object's. Fails when something was evicted
  /// since it was fetched: it would be taken for a hole.
  func detach(_ catalog: Catalog) throws(FileSystemError) {
    try changing.withLock { _ throws(FileSystemError) in
      guard state.withLock({ $0.lifecycle.missing(in: 0..<$0.lifecycle.size).isEmpty }) else {
        throw FileSystemError(.ioError, "upload", "Some of the file was evicted meanwhile")
      }
      do throws(CatalogError) {
        try catalog.detach(inode, content: number)
      } catch {
        throw FileSystemError(error, "upload")
      }
      state.withLock { $0.lifecycle.detached() }
      try label(catalog)
    }
  }
}
