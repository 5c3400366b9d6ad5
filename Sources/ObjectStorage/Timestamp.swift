/// A point in time: whole seconds since 1970-01-01 UTC, and nanoseconds within that second.
package struct Timestamp: Hashable, Comparable, Sendable {
  package var seconds: Int64
  /// 0 to 999,999,999, counted forward also before 1970, as in `struct timespec`.
  package var nanoseconds: Int32

  package init(seconds: Int64, nanoseconds: Int32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  package static let epoch = Timestamp(seconds: 0)

  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }

  /// Saturates at the ends of what 64 bits of nanoseconds hold (the years 1677 to 2262).
  package var nanosecondsSinceEpoch: Int64 {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    let (sum, carry) = product.addingReportingOverflow(Int64(nanoseconds))
    return carry ? .max : sum
  }

  package init(nanosecondsSinceEpoch total: Int64) {
    var (seconds, rest) = total.quotientAndRemainder(dividingBy: 1_000_000_000)
    if rest < 0 {
      seconds -= 1
      rest += 1_000_000_000
    }
    self.init(seconds: seconds, nanoseconds: Int32(rest))
  }

  package func advanced(by duration: Duration) -> Timestamp {
    let (addSeconds, attoseconds) = duration.components
    var seconds = self.seconds.addingReportingOverflow(addSeconds)
    if seconds.overflow { seconds.partialValue = addSeconds < 0 ? .min + 1 : .max - 1 }
    var nanoseconds = Int64(self.nanoseconds) + attoseconds / 1_000_000_000
    if nanoseconds >= 1_000_000_000 {
      seconds.partialValue += 1
      nanoseconds -= 1_000_000_000
    } else if nanoseconds < 0 {
      seconds.partialValue -= 1
      nanoseconds += 1_000_000_000
    }
    return Timestamp(seconds: seconds.partialValue, nanoseconds: Int32(nanoseconds))
  }

  /// The time from `earlier` until this one; negative when `earlier` is later.
  package func duration(since earlier: Timestamp) -> Duration {
    .seconds(seconds &- earlier.seconds)
      + .nanoseconds(Int64(nanoseconds) - Int64(earlier.nanoseconds))
  }
}
