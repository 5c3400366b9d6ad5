import SystemPackage
import Synchronization

/// A result that others wait for: resolved once, by whoever does the work.
///
/// Every wait has a deadline and ends with the task that waits.
final class Deferred<Value: Sendable>: Sendable {
  typealias Outcome = Result<Value, FileSystemError>

  private enum State {
    /// A waiter that has not come to wait yet has no continuation.
    case pending(next: Int, waiters: [Int: CheckedContinuation<Outcome, Never>?])
    case resolved(Outcome)
  }

  private let state = Mutex(State.pending(next: 0, waiters: [:]))

  /// Later calls change nothing.
  func resolve(_ outcome: Outcome) {
    let waiters = state.withLock { state -> [CheckedContinuation<Outcome, Never>] in
      guard case .pending(_, let waiters) = state else { return [] }
      state = .resolved(outcome)
      return waiters.values.compactMap { $0 }
    }
    for waiter in waiters { waiter.resume(returning: outcome) }
  }

  var isResolved: Bool {
    state.withLock { state in
      if case .resolved = state { true } else { false }
    }
  }

  /// The value; `EIO` when it has not come by the deadline, `EINTR` when the task was cancelled.
  func wait(
    _ operation: String, for limit: Duration, _ environment: Environment
  ) async throws(FileSystemError) -> Value {
    let id = state.withLock { state -> Int? in
      guard case .pending(let next, var waiters) = state else { return nil }
      waiters.updateValue(nil, forKey: next)
      state = .pending(next: next + 1, waiters: waiters)
      return next
    }
    let timeout = FileSystemError(.ioError, operation, "The store did not answer in \(limit)")
    let timer = id.map { id in
      environment.spawn("deadline") { [weak self] in
        await environment.sleep(limit)
        guard !Task.isCancelled else { return }
        self?.abandon(id, with: timeout)
      }
    }
    defer { timer?.cancel() }
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { enroll($0, as: id ?? -1, orElse: timeout) }
    } onCancel: {
      abandon(id ?? -1, with: FileSystemError(.interrupted, operation, "interrupted"))
    }
    return try outcome.get()
  }

  /// The same, but the deadline runs from the last progress.
  ///
  /// - Parameters:
  ///   - start: what `progress` was before the work could begin.
  ///   - progress: a number that changes whenever there was some.
  func wait(
    _ operation: String, for limit: Duration, since start: Int64,
    progress: @Sendable () -> Int64, _ environment: Environment
  ) async throws(FileSystemError) -> Value {
    var last = start
    while true {
      do throws(FileSystemError) {
        return try await wait(operation, for: limit, environment)
      } catch {
        let current = progress()
        // Where the work itself has failed, the next wait says so at once.
        guard error.errno == .ioError, current != last else { throw error }
        last = current
      }
    }
  }

  /// - Parameter timeout: for a waiter whose deadline was over before it came.
  private func enroll(
    _ continuation: CheckedContinuation<Outcome, Never>, as id: Int,
    orElse timeout: FileSystemError
  ) {
    let outcome = state.withLock { state -> Outcome? in
      switch state {
      case .resolved(let outcome): return outcome
      case .pending(let next, var waiters):
        if Task.isCancelled {
          return .failure(FileSystemError(.interrupted, "wait", "interrupted"))
        }
        guard waiters.keys.contains(id) else { return .failure(timeout) }
        waiters.updateValue(continuation, forKey: id)
        state = .pending(next: next, waiters: waiters)
        return nil
      }
    }
    if let outcome { continuation.resume(returning: outcome) }
  }

  private func abandon(_ id: Int, with error: FileSystemError) {
    let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
      guard case .pending(let next, var waiters) = state else { return nil }
      let waiter = waiters.removeValue(forKey: id) ?? nil
      state = .pending(next: next, waiters: waiters)
      return waiter
    }
    waiter?.resume(returning: .failure(error))
  }
}
