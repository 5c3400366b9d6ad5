/// How long one call goes on trying. Callers that want to try for ever call again.
package struct RetryPolicy: Sendable, Hashable {
  /// Attempts of one call, the first included.
  package var attempts: Int
  /// The longest wait before the second attempt; doubles with every further one.
  package var base: Duration
  /// The longest wait between two attempts.
  package var cap: Duration
  /// No attempt begins later than this after the call began.
  package var deadline: Duration

  package init(
    attempts: Int = 5, base: Duration = .milliseconds(200), cap: Duration = .seconds(10),
    deadline: Duration = .seconds(60)
  ) {
    self.attempts = attempts
    self.base = base
    self.cap = cap
    self.deadline = deadline
  }

  package static let never = RetryPolicy(attempts: 1)

  /// The wait after `attempt` attempts have failed, or `nil` when the call is to give up.
  ///
  /// Capped exponential with full jitter: after an outage all clients come back spread over the
  /// whole interval instead of in waves.
  ///
  /// - Parameters:
  ///   - elapsed: since the call began.
  ///   - random: 0 up to but not including 1.
  ///   - least: what the store asks for; more than ``cap`` is not granted, so that a wrong answer
  ///     cannot stop everything. What is asked for is waited for on top of the jitter: clients that
  ///     were sent away together do not come back together.
  package func delay(
    afterAttempt attempt: Int, elapsed: Duration, random: Double, atLeast least: Duration? = nil
  ) -> Duration? {
    guard attempt < attempts else { return nil }
    var ceiling = min(base, cap)
    var doublings = attempt - 1
    // Ends at the cap, not with the last attempt: somebody may allow as many as an Int holds.
    while doublings > 0, ceiling > .zero, ceiling < cap {
      ceiling = min(ceiling * 2, cap)
      doublings -= 1
    }
    let delay = ceiling * random + min(max(least ?? .zero, .zero), cap)
    return elapsed + delay > deadline ? nil : delay
  }
}
