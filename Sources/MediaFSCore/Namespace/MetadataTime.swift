import ObjectStorage

/// Points in time as text in object metadata.
///
/// Written as decimal seconds since 1970, with all nine digits of the fraction or none: s3fs takes
/// the fraction for a number of nanoseconds, rclone for a decimal fraction, and nine digits are
/// both. A time before 1970 is a negative number ("-1.5" is half a second before -1), as in rclone.
enum MetadataTime {
  /// The years 1 to 9999; what is outside was never a time of modification, and would overflow
  /// arithmetic somewhere.
  private static let seconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
  private static let nanosecondDigits = 9

  static func encode(_ time: Timestamp) -> String {
    guard time.nanoseconds != 0 else { return String(time.seconds) }
    guard time.seconds < 0 else { return join("", time.seconds, time.nanoseconds) }
    return join("-", -(time.seconds + 1), 1_000_000_000 - time.nanoseconds)
  }

  private static func join(_ sign: String, _ seconds: Int64, _ nanoseconds: Int32) -> String {
    let fraction = String(nanoseconds)
    let padding = String(repeating: "0", count: nanosecondDigits - fraction.utf8.count)
    return "\(sign)\(seconds).\(padding)\(fraction)"
  }

  /// `nil` when the text is neither decimal seconds nor an RFC 3339 time.
  static func decode(_ text: String) -> Timestamp? {
    let bytes = Array(text.utf8)
    let time = decimal(bytes[...]) ?? InternetTime.decode(bytes)
    return time.flatMap { seconds.contains($0.seconds) ? $0 : nil }
  }

  private static func decimal(_ bytes: ArraySlice<UInt8>) -> Timestamp? {
    let isNegative = bytes.first == UInt8(ascii: "-")
    let parts = bytes.dropFirst(isNegative ? 1 : 0)
      .split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first.flatMap(number) else { return nil }
    guard let nanoseconds = parts.count == 2 ? nanoseconds(parts[1]) : 0 else { return nil }
    guard isNegative else { return Timestamp(seconds: whole, nanoseconds: nanoseconds) }
    guard nanoseconds > 0 else { return Timestamp(seconds: -whole) }
    return Timestamp(seconds: -whole - 1, nanoseconds: 1_000_000_000 - nanoseconds)
  }

  /// Digits only; `nil` when there are none or the number is too large for any time.
  static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    guard !digits.isEmpty, digits.count <= 18, digits.allSatisfy(isDigit) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// The digits behind the point; what is finer than a nanosecond is cut off.
  static func nanoseconds(_ digits: ArraySlice<UInt8>) -> Int32? {
    guard !digits.isEmpty, digits.allSatisfy(isDigit) else { return nil }
    var kept = Array(digits.prefix(nanosecondDigits))
    kept += Array(repeating: UInt8(ascii: "0"), count: nanosecondDigits - kept.count)
    return number(kept[...]).map { Int32($0) }
  }
}
