import ObjectStorage

/// Times of RFC 3339, such as `2020-12-15T19:40:00.25+01:00`: rclone writes them with `--metadata`,
/// and so do people.
enum InternetTime {
  static func decode(_ bytes: [UInt8]) -> Timestamp? {
    // "YYYY-MM-DDThh:mm:ss" and at least "Z".
    guard bytes.count >= 20 else { return nil }
    for (index, mark) in [(4, "-"), (7, "-"), (13, ":"), (16, ":")] as [(Int, Unicode.Scalar)] {
      guard bytes[index] == UInt8(ascii: mark) else { return nil }
    }
    guard [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(bytes[10]),
      let year = MetadataTime.number(bytes[0..<4]),
      let month = field(bytes[5..<7], in: 1...12),
      let day = field(bytes[8..<10], in: 1...daysInMonth(month, of: year)),
      let hour = field(bytes[11..<13], in: 0...23),
      let minute = field(bytes[14..<16], in: 0...59),
      // 60 is a leap second, which counts as the first second of the next minute.
      let second = field(bytes[17..<19], in: 0...60)
    else { return nil }
    var rest = bytes[19...]
    var nanoseconds: Int32 = 0
    if rest.first == UInt8(ascii: ".") {
      let fraction = rest.dropFirst().prefix(while: MetadataTime.isDigit)
      guard let parsed = MetadataTime.nanoseconds(fraction) else { return nil }
      nanoseconds = parsed
      rest = rest[fraction.endIndex...]
    }
    guard let offset = zone(rest) else { return nil }
    let days = daysSinceEpoch(year: year, month: month, day: day)
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
    return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
  }

  private static func field(_ digits: ArraySlice<UInt8>, in range: ClosedRange<Int64>) -> Int64? {
    MetadataTime.number(digits).flatMap { range.contains($0) ? $0 : nil }
  }

  /// Seconds east of Greenwich.
  private static func zone(_ bytes: ArraySlice<UInt8>) -> Int64? {
    guard let sign = bytes.first else { return nil }
    if bytes.count == 1 { return sign == 0x5A || sign == 0x7A ? 0 : nil }
    let start = bytes.startIndex
    guard bytes.count == 6, bytes[start + 3] == UInt8(ascii: ":"),
      let hour = field(bytes[(start + 1)..<(start + 3)], in: 0...23),
      let minute = field(bytes[(start + 4)..<(start + 6)], in: 0...59)
    else { return nil }
    switch sign {
    case UInt8(ascii: "+"): return hour * 3_600 + minute * 60
    case UInt8(ascii: "-"): return -(hour * 3_600 + minute * 60)
    default: return nil
    }
  }

  private static func daysInMonth(_ month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
  private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
