/// How long to wait before an attempt is repeated: exponential, capped, with jitter.
///
/// The jitter spreads the retries of many files and many hosts after one outage; without it they
/// come back together and cause the next.
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter
package struct Backoff: Hashable, Sendable {
  /// The longest wait after the first failure.
  package var base: Duration
  /// The longest wait at all.
  package var cap: Duration

  package init(base: Duration, cap: Duration) {
    self.base = base
    self.cap = cap
  }

  /// For work in the background, such as uploads.
  package static let background = Backoff(base: .seconds(2), cap: .seconds(300))

  /// - Parameters:
  ///   - failures: in a row, from 1; less counts as 1.
  ///   - jitter: from 0 up to 1, drawn anew each time; half of the wait depends on it, so that a
  ///     wait is never zero.
  package func delay(afterFailures failures: Int, jitter: Double) -> Duration {
    var delay = min(base, cap)
    var doublings = failures - 1
    while doublings > 0, delay > .zero, delay < cap {
      delay = min(delay * 2, cap)
      doublings -= 1
    }
    let share = jitter.isFinite ? min(max(jitter, 0), 1) : 1
    return delay * (0.5 + share / 2)
  }
}
