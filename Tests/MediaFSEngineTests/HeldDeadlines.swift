import MediaFSTesting
import ObjectStorage
import Synchronization

/// Waits of one length that are over when a test says so; all others take their time.
final class HeldDeadlines: Sendable {
  /// The first one since ``arm()``, and those after it.
  let first = Gate()
  let later = Gate()
  private let length: Duration
  private let state = Mutex<(isArmed: Bool, count: Int)>((false, 0))

  init(of length: Duration) {
    self.length = length
  }

  func arm() {
    state.withLock { $0.isArmed = true }
  }

  /// Waits for the test, or as `otherwise` does.
  func wait(_ duration: Duration, otherwise: (Duration) async -> Void) async {
    // The deadline of a wait that has ended before its timer began.
    if Task.isCancelled { return }
    let gate = state.withLock { state -> Gate? in
      guard state.isArmed, duration == length else { return nil }
      state.count += 1
      return state.count == 1 ? first : later
    }
    if let gate {
      _ = try? await gate.pass()
    } else {
      await otherwise(duration)
    }
  }
}
