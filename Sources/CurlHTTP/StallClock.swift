/// Notices that the peer is silent while we are ready. Pure.
///
/// Not curl's low-speed limit: that would also count the time in which the caller reads nothing
/// or the disk is slow, and punish the peer for it.
struct StallClock {
  private let timeout: Duration
  private var activity: Int64 = 0
  private var since: Duration

  init(timeout: Duration, now: Duration) {
    self.timeout = timeout
    since = now
  }

  /// - Parameters:
  ///   - activity: a count that grows with every byte that moves.
  ///   - isPaused: we are the ones that are not ready.
  mutating func isStalled(activity: Int64, isPaused: Bool, now: Duration) -> Bool {
    if isPaused || activity != self.activity {
      self.activity = activity
      since = now
    }
    return now - since >= timeout
  }

  /// We are ready again: the peer's time begins anew.
  mutating func restart(now: Duration) { since = now }
}
