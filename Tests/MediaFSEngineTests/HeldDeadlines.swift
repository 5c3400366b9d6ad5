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

  func sleep(_ duration: Duration) async {
    let gate = state.withLock { state -> Gate? in
      guard state.isArmed, duration == length else { return nil }
      state.count += 1
      return state.count == 1 ? first : later
    }
    if let gate {
      _ = try? await gate.pass()
    } else {
      _ = try? await Task.sleep(for: duration)
    }
  }
}
