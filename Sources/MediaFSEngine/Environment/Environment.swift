package import ObjectStorage

/// Everything that is not determined by what is asked: time, chance, and threads.
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

  package init(
    now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async -> Void,
    random: @escaping @Sendable () -> Double, executor: any TaskExecutor
  ) {
    self.now = now
    self.sleep = sleep
    self.random = random
    self.executor = executor
  }

  /// Starts background work; the only place where the engine starts a task.
  @discardableResult
  package func spawn(
    _ name: String, _ operation: @escaping @Sendable () async -> Void
  ) -> Task<Void, Never> {
    Task(name: name, executorPreference: executor) { await operation() }
  }
}
