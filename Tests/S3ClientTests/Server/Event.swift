import Dispatch
import Synchronization

/// Something that happens once, on any thread, and that a test waits for.
final class Event: Sendable {
  private struct State {
    var hasHappened = false
    var waiter: CheckedContinuation<Bool, Never>?
  }

  /// Far longer than anything here takes: only a test that fails waits for so long.
  private static let patience: DispatchTimeInterval = .seconds(20)

  private let state = Mutex(State())

  func signal() { settle(true) }

  /// False when it does not happen in time. One waiter.
  func happens() async -> Bool {
    await withCheckedContinuation { continuation in
      let isLate = state.withLock { state in
        if !state.hasHappened { state.waiter = continuation }
        return state.hasHappened
      }
      if isLate { return continuation.resume(returning: true) }
      DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) { self.settle(false) }
    }
  }

  private func settle(_ outcome: Bool) {
    let waiter = state.withLock { state in
      state.hasHappened = state.hasHappened || outcome
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: outcome)
  }
}
