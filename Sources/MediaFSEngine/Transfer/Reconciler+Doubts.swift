import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization

/// Listed objects that no directory shows, because something was once sent to their keys: an answer
/// that never came, of a file that has another name by now, or none. Whether it is that or somebody
/// else's, only the object itself can tell.
final class Doubts: Sendable {
  private let keys = Mutex<[ObjectKey: InodeNumber]>([:])
  private let action = Mutex<(@Sendable () -> Void)?>(nil)

  /// What to do when there are new ones.
  func onNew(_ action: @escaping @Sendable () -> Void) {
    self.action.withLock { $0 = action }
  }

  func add(_ new: [ObjectKey], in directory: InodeNumber) {
    guard !new.isEmpty else { return }
    keys.withLock { keys in
      for key in new { keys[key] = directory }
    }
    action.withLock { $0 }?()
  }

  /// Those that were added since. The next listing adds those again that nobody has settled.
  func take() -> [ObjectKey: InodeNumber] {
    keys.withLock { keys in
      defer { keys = [:] }
      return keys
    }
  }
}

extension Reconciler {
  /// Looks at what is doubtful, but not where somebody works, who knows what he sends. What turns
  /// out to be somebody else's is in the next listing of its directory.
  func startLooks() {
    let doubts = context.doubts.take()
    let keys = take(doubts.keys)
    guard !keys.isEmpty else { return }
    spawn("look") { [self] in
      var directories: Set<InodeNumber> = []
      for key in keys.sorted(by: { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }) {
        // What fails is in the next listing again.
        if await isOthers(key), let directory = doubts[key] { directories.insert(directory) }
        state.withLock { _ = $0.busyKeys.remove(key) }
      }
      for directory in directories.sorted(by: { $0.value < $1.value }) {
        refresher.begin(directory)
      }
    }
  }

  private func isOthers(_ key: ObjectKey) async -> Bool {
    guard !Task.isCancelled, context.health.offline == nil else { return false }
    do throws(ObjectStoreError) {
      return try await conditions.isOthers(key)
    } catch {
      if error.isTransient { context.health.failed(error) }
      return false
    }
  }
}
