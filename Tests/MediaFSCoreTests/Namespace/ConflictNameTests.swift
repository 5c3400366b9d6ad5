import MediaFSCore
import ObjectStorage
import Testing

@Suite struct ConflictNameTests {
  private static let time = Timestamp(seconds: 1_795_230_909)
  private static let stamp = "2026-11-21 03-15-09"

  private static func make(
    _ name: String, host: String = "nas", counter: Int = 0
  ) throws -> String {
    let name = try #require(FileName(name))
    return try #require(
      ConflictName.make(for: name, host: host, time: time, counter: counter)
    ).text
  }

  @Test(arguments: [
    ("a.jpg", "a (conflict nas \(stamp)).jpg"),
    ("a.tar.gz", "a.tar (conflict nas \(stamp)).gz"),
    ("README", "README (conflict nas \(stamp))"),
    (".profile", ".profile (conflict nas \(stamp))"),
    (".hidden.txt", ".hidden (conflict nas \(stamp)).txt"),
    ("ends.", "ends (conflict nas \(stamp))."),
    ("e\u{301}.jpg", "e\u{301} (conflict nas \(stamp)).jpg"),
    ("...", ".. (conflict nas \(stamp))."),
  ])
  func theMarkStandsBeforeTheExtension(name: String, expected: String) throws {
    let made = try Self.make(name)
    #expect(made.utf8.elementsEqual(expected.utf8), "\(made)")
  }

  @Test func theCounterTellsConflictsOfOneSecondApart() throws {
    #expect(try Self.make("a.b", counter: 3) == "a (conflict nas \(Self.stamp) 3).b")
  }

  @Test(arguments: [
    ("../etc", "..etc"), ("host name", "hostname"), ("h\u{0}\u{7f}", "h"),
    ("häuschen", "huschen"), ("", ""),
    (String(repeating: "h", count: 100), String(repeating: "h", count: 32)),
  ])
  func aHostCannotBreakTheName(host: String, shown: String) throws {
    #expect(try Self.make("a.b", host: host) == "a (conflict \(shown) \(Self.stamp)).b")
  }

  /// 1 to 4 bytes a character, at every offset to the limit.
  @Test(arguments: ["x", "é", "あ", "🎬"], 0..<4)
  func aLongNameIsCutBetweenCharacters(character: String, offset: Int) throws {
    let room = FileName.maximumLength - offset - 4
    let stem =
      String(repeating: "-", count: offset)
      + String(repeating: character, count: room / character.utf8.count)
    let made = try Self.make(stem + ".jpg")
    #expect(made.utf8.count <= FileName.maximumLength)
    #expect(made.utf8.count > FileName.maximumLength - character.utf8.count)
    #expect(!made.unicodeScalars.contains("\u{fffd}"))
    #expect(made.utf8.reversed().starts(with: " (conflict nas \(Self.stamp)).jpg".utf8.reversed()))
    let head = made.utf8.count - " (conflict nas \(Self.stamp)).jpg".utf8.count
    #expect(stem.utf8.starts(with: made.utf8.prefix(head)))
  }

  /// An "extension" that fills the name is cut itself: a conflict always has a name.
  @Test func anExtensionWithoutRoomIsCut() throws {
    let made = try Self.make("a." + String(repeating: "x", count: 250))
    let mark = " (conflict nas \(Self.stamp))"
    #expect(made.utf8.count == FileName.maximumLength)
    #expect(made == "a." + String(repeating: "x", count: 253 - mark.utf8.count) + mark)
  }
}

@Suite struct CalendarTimeTests {
  /// From `date -u -d @SECONDS`.
  @Test(arguments: [
    (0, "1970-01-01 00-00-00"), (-1, "1969-12-31 23-59-59"), (-86_400, "1969-12-31 00-00-00"),
    (-86_401, "1969-12-30 23-59-59"), (951_782_399, "2000-02-28 23-59-59"),
    (951_782_400, "2000-02-29 00-00-00"), (951_868_800, "2000-03-01 00-00-00"),
    (1_709_164_800, "2024-02-29 00-00-00"), (1_709_251_200, "2024-03-01 00-00-00"),
    (1_677_542_400, "2023-02-28 00-00-00"), (1_677_628_800, "2023-03-01 00-00-00"),
    (4_107_456_000, "2100-02-28 00-00-00"), (4_107_542_400, "2100-03-01 00-00-00"),
    (-2_203_977_600, "1900-02-28 00-00-00"), (-2_203_891_200, "1900-03-01 00-00-00"),
    (1_735_689_599, "2024-12-31 23-59-59"), (1_795_230_909, "2026-11-21 03-15-09"),
    (253_402_300_799, "9999-12-31 23-59-59"), (-11_676_096_000, "1600-01-01 00-00-00"),
    (-62_135_596_800, "1-01-01 00-00-00"),
  ])
  func knownDates(seconds: Int64, expected: String) {
    #expect(CalendarTime(Timestamp(seconds: seconds)).compact == expected)
  }

  @Test func everyDayFollowsTheOneBefore() {
    var (year, month, day) = (Int64(1890), Int64(1), Int64(1))
    for index in Int64(0)..<80_000 {
      let time = CalendarTime(Timestamp(seconds: (index - 29_219) * 86_400 + index % 86_400))
      #expect((time.year, time.month, time.day) == (year, month, day))
      #expect(time.hour * 3_600 + time.minute * 60 + time.second == index % 86_400)
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      day += 1
      if day > lengths[Int(month) - 1] { (day, month) = (1, month + 1) }
      if month > 12 { (month, year) = (1, year + 1) }
    }
  }

  @Test(arguments: [Int64.min, Int64.max])
  func theEndsOfTimeDoNotTrap(seconds: Int64) {
    _ = CalendarTime(Timestamp(seconds: seconds))
  }
}
