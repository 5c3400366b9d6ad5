import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

extension Volume {
  package func allocate(
    _ handle: FileHandle, _ range: Range<Int64>, _ allocation: Allocation
  ) throws(FileSystemError) {
    let file = try files.value(handle, "fallocate")
    guard range.lowerBound >= 0, !range.isEmpty else {
      throw FileSystemError(.invalidArgument, "fallocate", "There are no bytes in \(range)")
    }
    guard file.flags.contains(.write) else {
      throw FileSystemError(.badFileDescriptor, "fallocate", "The file is not open for writing")
    }
    let now = context.environment.now()
    let before = file.content.state.withLock { $0.lifecycle.changes }
    let isNews = try file.content.allocate(
      range, allocation, context.catalog, context.space, now: now,
      maximumSize: context.store.limits.objectSize)
    if isNews { reconciler.journalChanged() }
    // Where no byte has changed, the time has all the same (file_modified of Linux): that costs the
    // store a copy and no upload.
    if file.content.state.withLock({ $0.lifecycle.changes }) == before {
      try set(AttributeChanges(modified: .now), of: file.content, at: now, "fallocate")
    }
  }

  package func seek(
    _ handle: FileHandle, from offset: Int64, to target: SeekTarget
  ) throws(FileSystemError) -> Int64 {
    try files.value(handle, "lseek").content.seek(from: offset, to: target)
  }

  package func copyRange(
    from source: FileHandle, at offset: Int64, to target: FileHandle, at targetOffset: Int64,
    count: Int64
  ) async throws(FileSystemError) -> Int64 {
    let from = try files.value(source, "copy_file_range")
    let to = try files.value(target, "copy_file_range")
    guard from.flags.contains(.read), to.flags.contains(.write) else {
      throw FileSystemError(
        .badFileDescriptor, "copy_file_range", "A file is not open for this")
    }
    guard offset >= 0, targetOffset >= 0, count >= 0 else {
      throw FileSystemError(.invalidArgument, "copy_file_range", "A range is out of bounds")
    }
    let available = min(count, max(0, from.content.size - offset))
    guard available > 0 else { return 0 }
    noteRead(from)
    let range = offset..<offset + available
    if targetOffset == 0, try await copyAtStore(range, of: from.content, to: to.content) {
      return available
    }
    return try await copyHere(range, from, to, targetOffset)
  }

  /// In bytes: what is copied, and held back from other changes of the target, at once.
  private static let copyPiece: Int64 = 8 << 20

  /// Copies content file to content file, and fetches what is not here. After a piece that had to
  /// be fetched it returns: the kernel lets nobody else write to the target meanwhile.
  private func copyHere(
    _ range: Range<Int64>, _ from: OpenFile, _ to: OpenFile, _ targetOffset: Int64
  ) async throws(FileSystemError) -> Int64 {
    let source = from.content.copySource
    let changes = to.content.state.withLock { $0.lifecycle.changes }
    var pieces: UInt64 = 0
    var position = range.lowerBound
    var hasFetched = false
    do throws(FileSystemError) {
      while position < range.upperBound, !hasFetched, pieces == 0 || !Task.isCancelled {
        let piece = position..<min(position + Self.copyPiece, range.upperBound)
        var pinned = try pinIntact(piece, of: from.content)
        hasFetched = pinned == nil
        while pinned == nil {
          try await fetch(piece, of: from)
          pinned = try pinIntact(piece, of: from.content)
        }
        // Cut off meanwhile.
        guard let pinned, !pinned.isEmpty else { break }
        defer { from.content.state.withLock { $0.lifecycle.unpin(pinned) } }
        let isNews = try to.content.copy(
          pinned: pinned, of: from.content, to: targetOffset + (position - range.lowerBound),
          context.catalog, context.space, now: context.environment.now(),
          maximumSize: context.store.limits.objectSize)
        if isNews { reconciler.journalChanged() }
        pieces += 1
        position = pinned.upperBound
      }
    } catch {
      // What was copied is told; the rest, and its error, is for the next call.
      guard pieces > 0 else { throw error }
    }
    let copied = range.lowerBound..<position
    if targetOffset == range.lowerBound, from.content !== to.content {
      try to.content.copied(
        copied, of: from.content, source, pieces: pieces, since: changes, context.catalog)
    }
    return Int64(copied.count)
  }

  /// `nil` when some of it has to be fetched.
  private func pinIntact(
    _ piece: Range<Int64>, of content: FileContent
  ) throws(FileSystemError) -> Range<Int64>? {
    guard let pinned = content.pinIfPresent(piece) else { return nil }
    var isIntact = false
    defer { if !isIntact { content.state.withLock { $0.lifecycle.unpin(pinned) } } }
    isIntact = try context.space.verify(pinned, of: content)
    return isIntact ? pinned : nil
  }

  private func fetch(_ piece: Range<Int64>, of file: OpenFile) async throws(FileSystemError) {
    let window = file.content.window.withLock {
      $0.advance(
        offset: piece.lowerBound, count: piece.count, fileSize: file.content.size)
    }
    downloader.start(window, of: file.content)
    try await downloader.require(piece, of: file.content)
  }

  /// Has the store copy a whole object whose bytes are not here to a file that is empty. False
  /// when that cannot be, or did not work: then bytes are copied. Where nothing is deleted the copy
  /// would stay beside the file's own object for ever.
  private func copyAtStore(
    _ range: Range<Int64>, of source: FileContent, to target: FileContent
  ) async throws(FileSystemError) -> Bool {
    guard let object = source.copySource?.object, source !== target,
      range == 0..<object.size,
      source.state.withLock({ !$0.lifecycle.missing(in: range).isEmpty }),
      target.isEmpty, !reconciler.isPaused, !context.options.neverDeletes
    else { return false }
    let record = try require(target.inode, "copy_file_range")
    guard !record.isLocalOnly, let claim = reconciler.claim(target.inode) else { return false }
    defer { reconciler.release(claim) }
    let copy: StoredObject
    do throws(FileSystemError) {
      copy = try await reconciler.copyAside(object, for: target.inode)
    } catch {
      if error.errno == .interrupted, Task.isCancelled { throw error }
      context.log.info("Inode \(target.inode) is copied here: \(error)")
      return false
    }
    let now = context.environment.now()
    // Size and times of an empty file are the catalog's before it becomes another.
    try target.settle(context.catalog, now: now)
    guard try target.adopt(copy, context.catalog, now: now) else { return false }
    reconciler.journalChanged()
    return true
  }
}
