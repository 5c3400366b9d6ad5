package import ObjectStorage

/// Names for the local version of a file that somebody else changed first:
/// `name (conflict HOST TIME).ext`.
package enum ConflictName {
  /// - Parameter counter: tells apart several conflicts within one second; 0 adds nothing.
  package static func make(
    for name: FileName, host: String, time: Timestamp, counter: Int
  ) -> FileName? {
    let bytes = Array(name.text.utf8)
    // The dot of a hidden file begins no extension.
    var dot = bytes.dropFirst().lastIndex(of: UInt8(ascii: ".")) ?? bytes.endIndex
    let suffix = counter == 0 ? "" : " \(counter)"
    let mark = " (conflict \(safe(host)) \(CalendarTime(time).compact)\(suffix))"
    // What leaves no room for anything before it is no extension, and is cut like the rest.
    if bytes.count - dot + mark.utf8.count >= FileName.maximumLength { dot = bytes.endIndex }
    let ending = bytes[dot...]
    var stem = bytes[..<dot]
    while stem.count + mark.utf8.count + ending.count > FileName.maximumLength, !stem.isEmpty {
      // A whole character: its continuation bytes, which come last, and its first one.
      while let byte = stem.popLast(), byte & 0xC0 == 0x80 {}
    }
    guard let head = String(validating: stem, as: UTF8.self),
      let tail = String(validating: ending, as: UTF8.self)
    else { return nil }
    return FileName(head + mark + tail)
  }

  private static func safe(_ host: String) -> String {
    String(
      host.unicodeScalars.filter { $0.value > 32 && $0.value < 127 && $0 != "/" }.prefix(32).map {
        Character($0)
      })
  }
}

/// A point in time as a civil date in UTC.
package struct CalendarTime: Hashable, Sendable {
  package let year: Int64
  package let month: Int64
  package let day: Int64
  package let hour: Int64
  package let minute: Int64
  package let second: Int64

  /// The proleptic Gregorian calendar, by eras of 400 years that begin in March.
  package init(_ time: Timestamp) {
    let secondsPerDay: Int64 = 86_400
    var days = time.seconds / secondsPerDay
    var rest = time.seconds % secondsPerDay
    if rest < 0 {
      days -= 1
      rest += secondsPerDay
    }
    (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60)
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * march + 2) / 5 + 1
    month = march < 10 ? march + 3 : march - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// `2026-11-21 03-15-09`: sorts by time, and is a file name everywhere.
  package var compact: String {
    func pad(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(year)-\(pad(month))-\(pad(day)) \(pad(hour))-\(pad(minute))-\(pad(second))"
  }
}
