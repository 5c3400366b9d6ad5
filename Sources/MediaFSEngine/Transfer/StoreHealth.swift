import Logging
import ObjectStorage
import Synchronization

/// Whether the store answers, as far as the last calls told.
///
/// While it does not, what is known here is served at once instead of waiting for the deadline at
/// every call; one call in each probe interval still tries.
final class StoreHealth: Sendable {
  /// How long a failed store is left alone by calls that could do without it. Longer hides a
  /// healed store from its users, shorter makes them wait more often.
  static let probeInterval: Duration = .seconds(2)

  private struct State {
    var since: Timestamp?
    var error: String?
    var nextProbe = Timestamp.epoch
    /// Since the daemon began.
    var answers: UInt64 = 0
  }

  private let state = Mutex(State())
  private let recovery = Mutex<(@Sendable () -> Void)?>(nil)
  private let environment: Environment
  private let log: Logger

  init(_ environment: Environment, log: Logger) {
    self.environment = environment
    self.log = log
  }

  /// What to do when the store answers again.
  func onRecovery(_ action: @escaping @Sendable () -> Void) {
    recovery.withLock { $0 = action }
  }

  func answered() {
    let wasOffline = state.withLock { state in
      defer { state = State(answers: state.answers &+ 1) }
      return state.since != nil
    }
    guard wasOffline else { return }
    log.notice("The store answers again")
    recovery.withLock { $0 }?()
  }

  /// A call failed in a way that may be the store's fault; one that is this machine's is none.
  func failed(_ error: ObjectStoreError) {
    guard !error.isLocal else { return }
    let now = environment.now()
    let isNew = state.withLock { state in
      let isNew = state.since == nil
      state.since = state.since ?? now
      state.error = error.description
      state.nextProbe = now.advanced(by: Self.probeInterval)
      return isNew
    }
    if isNew { log.warning("The store does not answer: \(error)") }
  }

  /// How many calls were answered so far.
  var answers: UInt64 { state.withLock { $0.answers } }

  /// False when the store failed a moment ago; true lets one caller try.
  func mayAsk() -> Bool {
    let now = environment.now()
    return state.withLock { state in
      guard state.since != nil else { return true }
      guard state.nextProbe <= now else { return false }
      state.nextProbe = now.advanced(by: Self.probeInterval)
      return true
    }
  }

  /// Since when and why the store does not answer; `nil` while it does.
  var offline: (since: Timestamp, error: String)? {
    state.withLock { state in
      state.since.map { ($0, state.error ?? "") }
    }
  }
}
