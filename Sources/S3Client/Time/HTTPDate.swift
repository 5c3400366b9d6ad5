package import ObjectStorage

/// The date of HTTP headers, `Fri, 24 May 2013 00:00:00 GMT` (RFC 9110, section 5.6.7).
package enum HTTPDate {
  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  static func text(_ time: Timestamp) -> String {
    let civil = CivilTime(time)
    return "\(weekdays[civil.weekday]), \(CivilTime.digits(civil.day, 2)) "
      + "\(months[civil.month - 1]) \(CivilTime.digits(Int(civil.year), 4)) "
      + "\(CivilTime.digits(civil.hour, 2)):\(CivilTime.digits(civil.minute, 2)):"
      + "\(CivilTime.digits(civil.second, 2)) GMT"
  }

  /// `nil` for anything but that one form; the weekday is not compared with the date.
  package static func parse(_ text: String) -> Timestamp? {
    var scanner = DigitScanner(text)
    guard let weekday = scanner.word(3), weekdays.contains(weekday), scanner.skip(", "),
      let day = scanner.number(2), scanner.skip(" "),
      let name = scanner.word(3), let month = months.firstIndex(of: name), scanner.skip(" "),
      let year = scanner.number(4), scanner.skip(" "),
      let hour = scanner.number(2), scanner.skip(":"),
      let minute = scanner.number(2), scanner.skip(":"),
      let second = scanner.number(2), scanner.skip(" GMT"), scanner.isAtEnd
    else { return nil }
    return CivilTime(
      year: Int64(year), month: month + 1, day: day, hour: hour, minute: minute, second: second)?
      .timestamp
  }
}
