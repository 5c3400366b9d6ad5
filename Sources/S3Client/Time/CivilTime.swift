import ObjectStorage

/// A moment in the proleptic Gregorian calendar, UTC, to the second.
struct CivilTime: Sendable, Hashable {
  var year: Int64
  /// 1 to 12.
  var month: Int
  /// 1 to 31.
  var day: Int
  var hour: Int
  var minute: Int
  /// 0 to 59; a leap second is not representable, as in POSIX time.
  var second: Int

  /// `nil` for a date that the calendar does not have.
  init?(year: Int64, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    guard (0...9_999).contains(year), (1...12).contains(month),
      (1...Self.days(in: month, of: year)).contains(day), (0...23).contains(hour),
      (0...59).contains(minute), (0...59).contains(second)
    else { return nil }
    (self.year, self.month, self.day) = (year, month, day)
    (self.hour, self.minute, self.second) = (hour, minute, second)
  }

  init(_ time: Timestamp) {
    // The years 0 to 9999: what four digits hold, and all that a clock can mean.
    let seconds = min(max(time.seconds, -62_167_219_200), 253_402_300_799)
    var (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
    if rest < 0 {
      days -= 1
      rest += 86_400
    }
    (year, month, day) = Self.date(days)
    (hour, minute, second) = (Int(rest / 3_600), Int(rest / 60 % 60), Int(rest % 60))
  }

  var timestamp: Timestamp {
    let time = Int64(hour) * 3_600 + Int64(minute) * 60 + Int64(second)
    return Timestamp(seconds: Self.days(year, month, day) * 86_400 + time)
  }

  /// 0 for Sunday.
  var weekday: Int {
    let days = Self.days(year, month, day)
    return Int(((days + 4) % 7 + 7) % 7)
  }

  private static func days(in month: Int, of year: Int64) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  /// Days since 1970-01-01, counting in eras of 400 years whose years begin in March, so that
  /// the leap day is the last of its year (Howard Hinnant, "chrono-compatible low-level date
  /// algorithms").
  private static func days(_ year: Int64, _ month: Int, _ day: Int) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = Int64((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1)
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func date(_ days: Int64) -> (year: Int64, month: Int, day: Int) {
    let days = days + 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = Int(dayOfYear - (153 * shifted + 2) / 5 + 1)
    let month = Int(shifted < 10 ? shifted + 3 : shifted - 9)
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

extension CivilTime {
  /// `20130524T000000Z`, the form of signatures.
  var basicText: String {
    Self.digits(Int(year), 4) + Self.digits(month, 2) + Self.digits(day, 2) + "T"
      + Self.digits(hour, 2) + Self.digits(minute, 2) + Self.digits(second, 2) + "Z"
  }

  static func digits(_ value: Int, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
  }
}
