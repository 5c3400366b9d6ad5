/// Durations as people write them: `500ms 30s 10m 2h 7d 2w`, joined as in `1h30m`, and `0`.
///
/// A number needs its unit, so that nobody takes minutes for seconds; only zero goes without.
enum DurationText {
  /// Longest unit first, which is how a duration is printed.
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000),
    ("ms", 1),
  ]

  /// `nil` when `text` is no duration, or one of more milliseconds than 63 bits hold.
  static func parse(_ text: String) -> Duration? {
    if text == "0" { return .zero }
    var rest = text[...]
    var total: Int64 = 0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix(while: \.isASCIIDigit)
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { !$0.isASCIIDigit }
      rest = rest.dropFirst(unit.count)
      guard let number = Int64(digits), let scale = units.first(where: { $0.name == unit })
      else { return nil }
      let (part, tooLong) = number.multipliedReportingOverflow(by: scale.milliseconds)
      let (sum, overflow) = total.addingReportingOverflow(part)
      guard !tooLong, !overflow else { return nil }
      total = sum
    }
    return .milliseconds(total)
  }

  /// The shortest exact way to write a duration, rounded down to milliseconds.
  static func format(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    var rest = seconds.multipliedReportingOverflow(by: 1_000).partialValue
    rest += attoseconds / 1_000_000_000_000_000
    guard rest > 0 else { return "0" }
    var text = ""
    for unit in units where rest >= unit.milliseconds {
      text += "\(rest / unit.milliseconds)\(unit.name)"
      rest %= unit.milliseconds
    }
    return text
  }
}

extension Character {
  /// Unlike `isNumber`, false for the digits of other scripts, which `Int64` does not read.
  var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
