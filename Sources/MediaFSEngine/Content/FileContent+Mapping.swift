import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization

/// What a process writes into a mapping of the content file itself, of which nobody is told.
///
/// It can have one where it opens a file to read and write it that the kernel reads from the
/// content file for others (``FileAccess/direct(_:)``). All of the file counts as changed from
/// before the answer to that open until nobody else has the content file open or mapped any more:
/// it is not settled, so nothing of it is sent, and after a death its size and time are taken from
/// the disk.
extension FileContent {
  /// The mark is on the disk then: nothing says later when the first byte changes.
  func beginMapping(
    _ catalog: Catalog, _ disk: any ContentDisk, now: Timestamp
  ) throws(FileSystemError) {
    try changing.withLock { _ throws(FileSystemError) in
      _ = try prepareChange(of: 0..<max(0, size), catalog, now: now)
      noteMappedTime()
      let written = lastWritten
      state.withLock { state in
        // What another one has mapped may be newer than what is told.
        if state.mappers == 0 { state.accounted = written }
        state.mappers += 1
      }
    }
    do {
      try disk.synchronizeName(of: number)
      try catalog.synchronize()
    } catch {
      endMapping(catalog, now: now)
      throw Self.failure(error, "open")
    }
  }

  /// When the content file was written to, by whomever.
  private var lastWritten: Timestamp? {
    (try? file.status()).map { Timestamp(nanosecondsSinceEpoch: $0.modified) }
  }

  /// Times are set: what was written before does not count any more.
  func set(modified: Timestamp) {
    let written = state.withLock { $0.mappers > 0 } ? lastWritten : nil
    state.withLock { state in
      state.modified = modified
      if let written { state.accounted = written }
    }
  }

  /// Whether somebody has the content file mapped, or reads it without the daemon: its bytes stay
  /// where they are. Asked of the kernel, since a mapping outlives every descriptor, and a daemon.
  var isInSight: Bool { file.isUsedElsewhere() ?? false }

  /// Whether a process may still write; to be asked when an open has ended, and again later.
  var mayBeMapped: Bool { file.isUsedElsewhere() ?? true }

  /// All that was synchronized is told although somebody may go on writing: the file counts as
  /// changed once more. Called after the bytes are on the disk.
  func settleMapped(
    _ unsynced: UnsyncedContent?, since changes: UInt64, _ catalog: Catalog, now: Timestamp
  ) throws(FileSystemError) {
    try changing.withLock { _ throws(FileSystemError) in
      let isMapped = state.withLock { $0.mappers > 0 && $0.lifecycle.changes == changes }
      guard isMapped, !state.withLock({ $0.lifecycle.isSettled }) else { return }
      noteMappedTime()
      try settleShape(catalog, now: now)
      state.withLock { $0.seams = 0..<0 }
      do {
        if let unsynced { try catalog.synced([unsynced], kept: size) }
        _ = try prepareChange(of: 0..<max(0, size), catalog, now: now)
      } catch {
        // Whatever the catalog has of that: it is not sent before the mapping ends.
        state.withLock { $0.lifecycle.wasBeingWritten() }
        throw Self.failure(error, "fsync")
      }
    }
  }

  private func noteMappedTime() {
    guard state.withLock({ $0.mappers > 0 }), let written = lastWritten else { return }
    state.withLock { state in
      guard written > state.accounted ?? written else { return }
      state.modified = max(state.modified, written)
      state.accounted = written
    }
  }

  /// Nobody can write any more for whom ``beginMapping(_:_:now:)`` was called once.
  func endMapping(_ catalog: Catalog, now: Timestamp) {
    changing.withLock { _ in
      noteMappedTime()
      // An earlier attempt to say so may have failed. If this one does, the row says it at a start.
      if state.withLock({ $0.lifecycle.needsNewVersion }) {
        _ = try? prepareChange(of: 0..<max(0, size), catalog, now: now)
      }
      state.withLock { state in
        state.mappers -= 1
        state.willChange(0..<state.lifecycle.size)
      }
    }
  }
}
