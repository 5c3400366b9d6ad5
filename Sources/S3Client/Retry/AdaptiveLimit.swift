/// How many requests may be under way: additive increase, multiplicative decrease, and a queue.
///
/// Pure: every method says which waiters are to go on. One bucket has one limit, shared by all
/// requests, because the store throttles the bucket and not the request.
struct AdaptiveLimit {
  /// A place that was given, with the number of decreases that had happened by then.
  struct Place: Sendable, Hashable {
    fileprivate let epoch: Int
  }

  /// Half, as TCP does: fast enough to get out of a store's way within a few round trips.
  private static let decrease = 0.5

  private let maximum: Double
  private var limit: Double
  private var inFlight = 0
  private var epoch = 0
  /// First come, first served; an entry is dropped when its waiter gives up.
  private var waiting: [Int] = []
  private var nextTicket = 0

  init(maximum: Int) {
    self.maximum = Double(max(1, maximum))
    limit = self.maximum
  }

  /// Whole requests that may be under way now; at least one.
  var current: Int { max(1, Int(limit)) }
  var active: Int { inFlight }
  var queued: Int { waiting.count }

  enum Admission: Hashable {
    case granted(Place)
    /// The place will be in the answer of a later ``release()``.
    case queued(ticket: Int)
  }

  mutating func enter() -> Admission {
    if waiting.isEmpty, inFlight < current {
      inFlight += 1
      return .granted(Place(epoch: epoch))
    }
    defer { nextTicket += 1 }
    waiting.append(nextTicket)
    return .queued(ticket: nextTicket)
  }

  /// Takes a waiter out of the queue; false when it has its place already.
  mutating func abandon(ticket: Int) -> Bool {
    guard let index = waiting.firstIndex(of: ticket) else { return false }
    waiting.remove(at: index)
    return true
  }

  /// Gives a place back.
  mutating func release() -> [(ticket: Int, place: Place)] {
    inFlight -= 1
    return admit()
  }

  /// The store answered: grows by one whole place for every `limit` answers.
  mutating func succeeded() -> [(ticket: Int, place: Place)] {
    limit = min(maximum, limit + 1 / limit)
    return admit()
  }

  /// The store asked for less. Requests that were under way before the last decrease do not
  /// count: they say the same thing again.
  mutating func throttled(_ place: Place) {
    guard place.epoch == epoch else { return }
    epoch += 1
    limit = max(1, limit * Self.decrease)
  }

  private mutating func admit() -> [(ticket: Int, place: Place)] {
    var admitted: [(ticket: Int, place: Place)] = []
    while inFlight < current, !waiting.isEmpty {
      inFlight += 1
      admitted.append((ticket: waiting.removeFirst(), place: Place(epoch: epoch)))
    }
    return admitted
  }
}
