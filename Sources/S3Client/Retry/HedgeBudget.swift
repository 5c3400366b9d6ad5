/// How many reads may be asked for twice: a small share of all, saved up for when they are late.
/// Pure.
///
/// Without a limit a store that becomes slow gets twice the requests just then.
struct HedgeBudget: Sendable {
  /// One request more for so many.
  static let share = 20
  /// Requests that can be saved up: a hiccup of the store meets all that are under way.
  static let most = 8

  /// In parts of a request.
  private var saved = 0

  mutating func asked() {
    saved = min(saved + 1, Self.most * Self.share)
  }

  /// Whether one may be asked for once more, which counts then.
  mutating func take() -> Bool {
    guard saved >= Self.share else { return false }
    saved -= Self.share
    return true
  }
}
