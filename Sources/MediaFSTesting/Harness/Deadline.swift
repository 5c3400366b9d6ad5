import Glibc

/// A point in time by which something has to have happened.
package struct Deadline: Sendable {
  private let end: ContinuousClock.Instant

  package init(in duration: Duration) {
    end = .now + duration
  }

  package var hasPassed: Bool { .now >= end }

  /// What is left, for poll(2): at least 0 and at most a second, rounded up.
  var milliseconds: CInt {
    let left = end - .now
    guard left > .zero else { return 0 }
    guard left < .seconds(1) else { return 1_000 }
    return CInt(left / .milliseconds(1)) + 1
  }
}

/// Something did not happen in time.
package struct DeadlinePassed: Error, CustomStringConvertible {
  package let description: String

  package init(_ what: String) {
    description = "in vain waited for: \(what)"
  }
}

/// How long to wait between two looks at something that gives no event, in milliseconds: short
/// against everything a test waits for, long against what a look costs.
private let lookInterval: CInt = 5

/// Lets other processes go on before the next look.
func pauseBetweenLooks() {
  _ = poll(nil, 0, lookInterval)
}

/// Looks again and again until `condition` holds; for state of other processes that nobody
/// announces. Throws ``DeadlinePassed`` when it does not hold in time.
package func eventually(
  _ what: String, within duration: Duration, _ condition: () throws -> Bool
) throws {
  let deadline = Deadline(in: duration)
  while try !condition() {
    if deadline.hasPassed { throw DeadlinePassed(what) }
    pauseBetweenLooks()
  }
}
