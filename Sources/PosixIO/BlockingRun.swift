import Dispatch
import Synchronization

extension BlockingExecutor {
  /// Runs something asynchronous on these threads and blocks the caller until its end.
  ///
  /// For the main thread of a program. An asynchronous `main` would give it to libdispatch, which
  /// waits in sigsuspend(2) with every signal unblocked.
  package func run<Value: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () async throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let outcome = Outcome<Value, Failure>()
    let ended = DispatchSemaphore(value: 0)
    Task(executorPreference: self) {
      do throws(Failure) {
        outcome.set(.success(try await body()))
      } catch {
        outcome.set(.failure(error))
      }
      ended.signal()
    }
    while true {
      ended.wait()
      if let result = outcome.result { return try result.get() }
    }
  }

  private final class Outcome<Value: Sendable, Failure: Error>: Sendable {
    private let state = Mutex<Result<Value, Failure>?>(nil)

    var result: Result<Value, Failure>? { state.withLock { $0 } }

    func set(_ result: Result<Value, Failure>) {
      state.withLock { $0 = result }
    }
  }
}
