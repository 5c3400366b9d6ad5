import ObjectStorage

/// The date of listings, `2009-10-12T17:50:30.000Z` (ISO 8601 as S3 writes it).
enum ListingDate {
  /// Accepts no fraction or one of up to nine digits, and as zone `Z` or `+00:00`.
  static func parse(_ text: String) -> Timestamp? {
    var scanner = DigitScanner(text)
    guard let year = scanner.number(4), scanner.skip("-"),
      let month = scanner.number(2), scanner.skip("-"),
      let day = scanner.number(2), scanner.skip("T"),
      let hour = scanner.number(2), scanner.skip(":"),
      let minute = scanner.number(2), scanner.skip(":"),
      let second = scanner.number(2)
    else { return nil }
    var nanoseconds: Int32 = 0
    if scanner.skip(".") {
      guard let fraction = scanner.fraction() else { return nil }
      nanoseconds = fraction
    }
    guard scanner.skip("Z") || scanner.skip("+00:00"), scanner.isAtEnd,
      let civil = CivilTime(
        year: Int64(year), month: month, day: day, hour: hour, minute: minute, second: second)
    else { return nil }
    return Timestamp(seconds: civil.timestamp.seconds, nanoseconds: nanoseconds)
  }
}
