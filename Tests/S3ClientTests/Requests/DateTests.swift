import ObjectStorage
import Testing

@testable import S3Client

@Suite struct DateTests {
  static let moments: [(Int64, String, String)] = [
    (0, "19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
    (-1, "19691231T235959Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
    (951_782_400, "20000229T000000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
    (1_369_353_600, "20130524T000000Z", "Fri, 24 May 2013 00:00:00 GMT"),
    (4_107_542_399, "21000228T235959Z", "Sun, 28 Feb 2100 23:59:59 GMT"),
    (4_107_542_400, "21000301T000000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
    (253_402_300_799, "99991231T235959Z", "Fri, 31 Dec 9999 23:59:59 GMT"),
    (-62_167_219_200, "00000101T000000Z", "Sat, 01 Jan 0000 00:00:00 GMT"),
  ]

  @Test(arguments: moments)
  func aMomentIsWrittenAndReadBack(_ seconds: Int64, _ basic: String, _ header: String) {
    let time = Timestamp(seconds: seconds)
    #expect(SigningScope(time: time, region: "r").dateTime == basic)
    #expect(HTTPDate.text(time) == header)
    #expect(HTTPDate.parse(header) == time)
    #expect(CivilTime(time).timestamp == time)
  }

  @Test func aClockBeyondFourDigitsIsHeldAtTheirEnd() {
    #expect(CivilTime(Timestamp(seconds: .max)).basicText == "99991231T235959Z")
    #expect(CivilTime(Timestamp(seconds: .min)).basicText == "00000101T000000Z")
  }

  @Test(arguments: [
    "", "Fri", "Fri, 24 May 2013 00:00:00", "Fri, 24 May 2013 00:00:00 UTC",
    "Fri, 24 May 2013 00:00:00 GMT ", "Fri, 24 May 2013 24:00:00 GMT",
    "Fri, 24 May 2013 00:60:00 GMT", "Fri, 24 May 2013 00:00:60 GMT",
    "Fri, 31 Apr 2013 00:00:00 GMT", "Fri, 29 Feb 2013 00:00:00 GMT",
    "Fri, 29 Feb 2100 00:00:00 GMT", "Fri, 00 May 2013 00:00:00 GMT",
    "Fri, 24 Mai 2013 00:00:00 GMT", "Fry, 24 May 2013 00:00:00 GMT",
    "Fri, 4 May 2013 00:00:00 GMT", "Fri, +4 May 2013 00:00:00 GMT",
    "Friday, 24-May-13 00:00:00 GMT", "Fri May 24 00:00:00 2013", "Fri, ２４ May 2013 00:00:00 GMT",
  ])
  func whatIsNoHeaderDateIsRefused(_ text: String) {
    #expect(HTTPDate.parse(text) == nil)
  }

  @Test(arguments: [
    ("2009-10-12T17:50:30.000Z", 0), ("2009-10-12T17:50:30Z", 0),
    ("2009-10-12T17:50:30.5+00:00", 500_000_000), ("2009-10-12T17:50:30.123456789Z", 123_456_789),
    ("2009-10-12T17:50:30.000000001Z", 1),
  ])
  func theDatesOfListingsAreRead(_ text: String, _ nanoseconds: Int32) {
    #expect(
      ListingDate.parse(text) == Timestamp(seconds: 1_255_369_830, nanoseconds: nanoseconds))
  }

  @Test(arguments: [
    "", "2009", "2009-10-12", "2009-10-12T17:50:30", "2009-10-12 17:50:30Z",
    "2009-10-12T17:50:30.Z", "2009-10-12T17:50:30.1234567890Z", "2009-10-12T17:50:30+02:00",
    "2009-13-12T17:50:30Z", "2009-02-30T17:50:30Z", "2009-10-12T17:50:30ZZ",
    "-009-10-12T17:50:30Z", "99999-10-12T17:50:30Z",
  ])
  func whatIsNoListingDateIsRefused(_ text: String) {
    #expect(ListingDate.parse(text) == nil)
  }
}
