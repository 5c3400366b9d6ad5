import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

/// How far a file is a copy of a committed object, from its first byte on: programs copy a large
/// file in several calls.
struct CopyProgress: Sendable {
  var object: StoredObject
  /// In bytes.
  var end: Int64
  /// The target's count of changes right after the last piece: another one means other changes.
  var changes: UInt64
}

/// The state of a file that is copied from, while it is the one that the store has.
struct CopySource: Sendable {
  var object: StoredObject
  var changes: UInt64
}

extension FileContent {
  /// `nil` unless the store has exactly what is here.
  var copySource: CopySource? {
    state.withLock { state in
      guard !state.lifecycle.isDirty, state.lifecycle.isSettled, !state.isSuperseded,
        let object = state.object, object.size == state.lifecycle.size
      else { return nil }
      return CopySource(object: object, changes: state.lifecycle.changes)
    }
  }

  /// Copies bytes that ``pinIfPresent(_:)`` has pinned in `source`, which may be this file. Returns
  /// whether the journal has changed.
  func copy(
    pinned range: Range<Int64>, of source: FileContent, to offset: Int64, _ catalog: Catalog,
    _ space: CacheSpace, now: Timestamp, maximumSize: Int64
  ) throws(FileSystemError) -> Bool {
    let (holes, changes) = source.state.withLock {
      ($0.lifecycle.holes.present(in: range), $0.lifecycle.changes)
    }
    return try change(
      "copy_file_range", catalog, space, now: now, maximumSize: maximumSize,
      place: { _ in (offset, Int64(range.count)) },
      zeros: { _ in
        // What was written there meanwhile may have been copied; here, this copy is that itself.
        guard source !== self, changes == source.state.withLock({ $0.lifecycle.changes }) else {
          return []
        }
        return holes.map { hole in
          let start = offset + (hole.lowerBound - range.lowerBound)
          return start..<start + Int64(hole.count)
        }
      },
      // The kernel copies page by page of the source.
      isInPieces: !(offset - range.lowerBound).isMultiple(of: FileLifecycle.diskBlock),
      effect: { target throws(Errno) in
        try file.copy(range, from: source.file, to: target.lowerBound)
      })
  }

  /// Keeps account of what was copied in `pieces` changes, and once all of a committed object is
  /// here and nothing else, has the catalog remember that: the store can then copy it itself.
  ///
  /// - Parameters:
  ///   - source: as it was before; the copy is none of it when it has changed meanwhile.
  ///   - range: of the source, and of this file.
  ///   - changes: this file's count before the first piece.
  func copied(
    _ range: Range<Int64>, of file: FileContent, _ source: CopySource?, pieces: UInt64,
    since changes: UInt64, _ catalog: Catalog
  ) throws(FileSystemError) {
    try changing.withLock { _ throws(FileSystemError) in
      let isSame = source.map { $0.changes == file.state.withLock { $0.lifecycle.changes } }
      let whole = state.withLock { state -> (object: StoredObject, version: Int64)? in
        let before = state.copy
        state.copy = nil
        guard let source, isSame == true, state.lifecycle.changes == changes &+ pieces else {
          return nil
        }
        let goesOn =
          before?.object == source.object && before?.end == range.lowerBound
          && before?.changes == changes
        guard range.lowerBound == 0 || goesOn else { return nil }
        state.copy = CopyProgress(
          object: source.object, end: range.upperBound, changes: state.lifecycle.changes)
        guard range.upperBound == source.object.size,
          state.lifecycle.size == source.object.size
        else { return nil }
        return (source.object, state.lifecycle.version)
      }
      guard let whole else { return }
      do throws(CatalogError) {
        let copied = CopiedContent(
          key: whole.object.key, etag: whole.object.etag, version: whole.version)
        try catalog.remember(copied, of: inode)
      } catch {
        throw FileSystemError(error, "copy_file_range")
      }
      state.withLock { $0.lifecycle.becameCopy() }
    }
  }

  var isEmpty: Bool { state.withLock { $0.lifecycle.size == 0 && !$0.isOrphan } }

  /// Whether this is an empty file to which nothing is being done: it may become an object.
  var isAdoptable: Bool {
    let isFree = state.withLock { state in
      state.lifecycle.size == 0 && state.lifecycle.isSettled && !state.isSuperseded
        && !state.isOrphan && state.lifecycle.uploadingVersion == nil && state.held == nil
    }
    // Whoever reads the content file itself would see zeros.
    return isFree && !isInSight
  }

  /// Makes this empty file the object that the store has copied for it; false when it is not empty
  /// any more.
  func adopt(
    _ object: StoredObject, _ catalog: Catalog, now: Timestamp
  ) throws(FileSystemError) -> Bool {
    try changing.withLock { _ throws(FileSystemError) -> Bool in
      guard isAdoptable else { return false }
      let record: InodeRecord?
      do throws(CatalogError) {
        record = try catalog.adopt(object, as: inode, content: number, at: now)
      } catch {
        throw FileSystemError(error, "copy_file_range")
      }
      guard let record else { return false }
      state.withLock { state in
        state.object = object
        state.modified = now
        state.copy = nil
        state.willChange(0..<object.size)
        state.lifecycle.adopted(size: object.size, version: record.version)
      }
      try? label(catalog)
      do throws(Errno) {
        // Last: the catalog knows the size, and a shorter content file is made longer by the next
        // to open it.
        try file.truncate(to: object.size)
      } catch {
        throw FileSystemError(
          error, "copy_file_range", "The cache disk failed", underlying: error)
      }
      return true
    }
  }
}
