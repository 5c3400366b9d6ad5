/// How long a store takes until its answer begins, by its last ones, and what that says of one
/// that does not come. Pure.
///
/// A read that takes many times as long as nearly all others is not slow but lost, on a connection
/// or a server that is dead: another attempt is answered long before the stall timeout.
struct AnswerTimes: Sendable {
  /// Enough for a quantile near 1, few enough to follow a change of the link within seconds.
  private static let window = 100
  /// Fewer tell nothing.
  private static let needed = 20
  private static let quantile = 0.95
  private static let factor = 10
  /// Less would end what only waits for a busy disk, a lost packet or a failover of the store.
  static let least: Duration = .seconds(5)
  /// Of the usual time: nearly every answer has begun by then.
  private static let lateFactor = 2
  /// An answer that comes sooner was not late for anybody.
  static let leastLateness: Duration = .milliseconds(20)

  private var times: [Duration] = []
  private var next = 0

  /// - Parameter time: from the request to the head of its answer, or to the end of the patience.
  mutating func add(_ time: Duration) {
    if times.count < Self.window {
      times.append(time)
    } else {
      times[next] = time
    }
    next = (next + 1) % Self.window
  }

  /// When a read is late, and another one may be answered before it; `nil` while nothing is known.
  var lateness: Duration? {
    usual.map { max($0 * Self.lateFactor, Self.leastLateness) }
  }

  private var usual: Duration? {
    guard times.count >= Self.needed else { return nil }
    return times.sorted()[Int(Double(times.count - 1) * Self.quantile)]
  }

  /// How long a read may stand still. Each attempt of a call is given twice the time of the one
  /// before: a store that became slow is asked in vain a few times, and not for ever.
  ///
  /// - Parameters:
  ///   - attempt: from 1.
  ///   - limit: the configured patience, which is never exceeded.
  func patience(attempt: Int, limit: Duration) -> Duration {
    guard let usual else { return limit }
    let doublings = min(max(attempt - 1, 0), 16)
    return min(max(usual * Self.factor, Self.least) * (1 << doublings), limit)
  }
}
