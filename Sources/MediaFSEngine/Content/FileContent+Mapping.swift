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
  /// Returns whether the journal has changed.
  func beginMapping(_ catalog: Catalog, now: Timestamp) throws(FileSystemError) -> Bool {
    try changing.withLock { _ throws(FileSystemError) in
      let isNews = try prepareChange(of: 0..<max(0, size), catalog, now: now)
      state.withLock { $0.mappers += 1 }
      return isNews
    }
  }

  /// Whether a process may still write; to be asked when an open has ended, and again later.
  var mayBeMapped: Bool { file.isUsedElsewhere() }

  /// Nobody can write any more for whom ``beginMapping(_:now:)`` was called once.
  func endMapping() {
    let modified = (try? file.status()).map { Timestamp(nanosecondsSinceEpoch: $0.modified) }
    changing.withLock { _ in
      state.withLock { state in
        state.mappers -= 1
        state.lifecycle.willChange()
        if let modified { state.modified = max(state.modified, modified) }
      }
    }
  }
}
