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
    var behind: Range<Int64>?
    let isNews = try change(
      "write", catalog, space, now: now, maximumSize: maximumSize,
      place: { (start: offset ?? $0, count: count) },
      effect: { range throws(Errno) in
        try unsafe file.write(bytes, at: range.lowerBound)
        behind = state.withLock { $0.writeBehind.wrote(range) }
      })
    if let behind { file.beginWriting(behind) }
    return isNews
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
      if isPatch { state.willHold(range) }
      state.lifecycle.wrote(range, leaving: zeros)
      state.modified = now
      return (state.lifecycle.residentBytes - before, isPatch)
    }
    if isPatch { try recordExtents(around: range, catalog, now: now) }
    return grown
  }

  /// Marks the file dirty, and what of it differs from its object, before its first byte changes.
  /// Called under ``changing``. Returns whether the journal has changed.
  ///
  /// After a power cut the disk may have the change and the catalog may have forgotten of it. Bytes
  /// that are then taken for those of the object, or are missing, must not be: the catalog goes
  /// first.
  ///
  /// - Parameter size: what the file will be cut to, if anything.
  func prepareChange(
    of range: Range<Int64>, cuttingTo size: Int64? = nil, _ catalog: Catalog, now: Timestamp
  ) throws(FileSystemError) -> Bool {
    let (isNews, blocks, claim) = state.withLock { state in
      let blocks = state.lifecycle.unmarked(in: range)
      return (state.lifecycle.needsNewVersion, blocks, state.lifecycle.claim(changing: blocks))
    }
    let mark = try mark(before: claim, catalog)
    do throws(CatalogError) {
      var version: Int64?
      if isNews {
        version = try catalog.beginWriting(inode, content: number, changing: blocks, at: now)
          .version
      } else if !blocks.isEmpty {
        try catalog.recordChanges(blocks, of: number)
      }
      let isCut = if let size { try catalog.willCut(number, to: size) } else { false }
      if isCut {
        try catalog.synchronizeChange(of: number, isCut: true)
      } else if try isUntold(claim, since: mark, catalog) {
        try catalog.synchronizeChange(of: number)
      }
      // Not before it is on the disk: who tries again after an error must not pass this by.
      if let version { state.withLock { $0.lifecycle.began(version: version) } }
    } catch {
      throw FileSystemError(error, "write")
    }
    if isNews { try label(catalog) }
    state.withLock { state in
      state.lifecycle.marked(blocks)
      state.willChange(range, endingAt: size)
    }
    return isNews
  }

  /// Tells the catalog which bytes are here, after they are: those of the touched segments.
  ///
  /// After a power cut, what a row says is here and the disk has no room for is known to be
  /// missing. Not so within a block of which the disk has some bytes already: the others are zeros
  /// then. Of a changed file those go to the disk before the catalog hears of them; of others the
  /// store has them.
  func recordExtents(
    around range: Range<Int64>, _ catalog: Catalog, now: Timestamp
  ) throws(FileSystemError) {
    let segments = Segment.covering(range)
    guard !segments.isEmpty else { return }
    if state.withLock({ $0.waitsForDisk(segments) }) { try synchronizeFile(catalog) }
    let whole =
      segments.lowerBound * Segment.length..<segments.upperBound * Segment.length
    let (runs, sums) = state.withLock {
      ($0.lifecycle.present.present(in: whole), $0.lifecycle.extentSums)
    }
    do throws(CatalogError) {
      try catalog.replaceExtents(
        of: number, segments: segments, with: runs, sums: sums, accessed: now)
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
    // The block in which it ends then has no sum any more.
    if newSize < size, !newSize.isMultiple(of: BlockSums.length) {
      _ = try space.verify(newSize..<newSize + 1, of: self)
    }
    guard space.reserve(forChange: expected) else { throw .cacheFull("truncate") }
    var grown: Int64 = 0
    defer { space.adjust(reserved: expected, used: grown) }
    grown = try changing.withLock { _ throws(FileSystemError) in
      try resize(to: newSize, catalog, now: now)
    }
  }

  /// The same, under ``changing``. Returns how many more bytes the content file holds.
  func resize(
    to newSize: Int64, _ catalog: Catalog, now: Timestamp
  ) throws(FileSystemError) -> Int64 {
    // Dirty first, then cut, then recorded: after a crash in between, the content file's size is
    // the file's.
    _ = try prepareChange(of: 0..<0, cuttingTo: newSize, catalog, now: now)
    do throws(Errno) {
      try noteSeams(growingTo: newSize)
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

  /// Brings the catalog's row up to date with the content file.
  func settle(_ catalog: Catalog, now: Timestamp) throws(FileSystemError) {
    try changing.withLock { _ throws(FileSystemError) in
      guard state.withLock({ !$0.lifecycle.isSettled && $0.mappers == 0 }) else { return }
      try settleShape(catalog, now: now)
    }
  }

  /// Called under ``changing``.
  func settleShape(_ catalog: Catalog, now: Timestamp) throws(FileSystemError) {
    var shape = state.withLock { state in
      let holes = state.lifecycle.holes
      return ContentState(
        size: state.lifecycle.size, modified: state.modified,
        holes: holes == state.recordedHoles ? nil : holes)
    }
    let last = try? file.read(count: 1, at: max(0, shape.size - 1)).first
    shape.endsWithZero = last == 0
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

  /// Counts a new version although no byte changed: the store has lost the object.
  func markDirty(
    _ catalog: Catalog, _ disk: any ContentDisk, now: Timestamp
  ) throws(FileSystemError) {
    try changing.withLock { _ throws(FileSystemError) in
      _ = try prepareChange(of: 0..<0, catalog, now: now)
      state.withLock { $0.object = nil }
    }
    try detach(catalog, disk)
    try settle(catalog, now: now)
  }

  /// Every byte is here: from now on nothing is the object's. Fails when something was evicted
  /// since it was fetched: it would be taken for a hole; and when a block was not compared with its
  /// sum, which none has any more. What was fetched goes to the disk first: the catalog says that
  /// it is nowhere else.
  func detach(_ catalog: Catalog, _ disk: any ContentDisk) throws(FileSystemError) {
    if state.withLock({ $0.lifecycle.baseSize > 0 }) {
      do throws(Errno) {
        try file.synchronizeData()
        try disk.synchronizeName(of: number)
      } catch {
        throw FileSystemError(error, "upload", "The cache disk failed", underlying: error)
      }
    }
    try changing.withLock { _ throws(FileSystemError) in
      let isWhole = state.withLock { state in
        let all = 0..<state.lifecycle.size
        return state.lifecycle.missing(in: all).isEmpty
          && state.lifecycle.unverified(in: all).isEmpty
      }
      guard isWhole else {
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
