package import MediaFSCache
package import ObjectStorage
package import SystemPackage

/// Everything that is not determined by what is asked: time, chance, threads, and the disk.
///
/// Product code takes them from here only, so that a test can run the same code on a virtual
/// clock and a seeded executor.
package struct Environment: Sendable {
  package var now: @Sendable () -> Timestamp
  /// Returns early when the task is cancelled.
  package var sleep: @Sendable (Duration) async -> Void
  /// From 0 up to, not including, 1.
  package var random: @Sendable () -> Double
  /// Threads that may block on the local disk and on SQLite.
  package var executor: any TaskExecutor
  /// The disk of the content files beneath a state directory; made when it is missing.
  package var contentDisk: @Sendable (FilePath) throws(Errno) -> any ContentDisk
  /// Called before each transaction of the catalog takes effect; prevents it by an error.
  package var beforeCommit: @Sendable () throws(Errno) -> Void = {}
  /// Called when all transactions of the catalog before are on the disk, and nothing else relies on
  /// that yet.
  package var afterSynchronization: @Sendable () -> Void = {}

  package init(
    now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async -> Void,
    random: @escaping @Sendable () -> Double, executor: any TaskExecutor,
    contentDisk: @escaping @Sendable (FilePath) throws(Errno) -> any ContentDisk = {
      (state) throws(Errno) in try ContentDirectory(in: state)
    }
  ) {
    self.now = now
    self.sleep = sleep
    self.random = random
    self.executor = executor
    self.contentDisk = contentDisk
  }

  /// Starts background work; the only place where the engine starts a task.
  @discardableResult
  package func spawn(
    _ name: String, _ operation: @escaping @Sendable () async -> Void
  ) -> Task<Void, Never> {
    Task(name: name, executorPreference: executor) { await operation() }
  }
}
