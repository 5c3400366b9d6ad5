import Testing

@testable import mediafs

@Suite struct DurationTextTests {
  @Test(arguments: [
    ("0", Duration.zero), ("500ms", .milliseconds(500)), ("30s", .seconds(30)),
    ("10m", .seconds(600)), ("2h", .seconds(7_200)), ("7d", .seconds(604_800)),
    ("2w", .seconds(1_209_600)), ("1h30m", .seconds(5_400)), ("0s", .zero),
  ])
  func reads(_ text: String, _ duration: Duration) {
    #expect(DurationText.parse(text) == duration)
  }

  @Test(arguments: [
    "", "30", "s", "-1s", "1.5h", "10 m", "10M", "5 parsecs", "9223372036854775807w",
    "9223372036854775807ms1ms", "٣s", "1s2",
  ])
  func refuses(_ text: String) {
    #expect(DurationText.parse(text) == nil)
  }

  @Test(arguments: ["0", "500ms", "30s", "10m", "2h", "1w", "1h30m", "1m30s500ms"])
  func writesWhatItReads(_ text: String) {
    #expect(DurationText.parse(text).map(DurationText.format) == text)
  }
}

@Suite struct SizeTextTests {
  @Test(arguments: [
    ("4096", Int64(4_096)), ("64MiB", 64 << 20), ("10GB", 10_000_000_000), ("10GiB", 10 << 30),
    ("1k", 1_024), ("2T", 2 << 40), ("7b", 7), ("3kb", 3_000), ("0", 0),
  ])
  func reads(_ text: String, _ size: Int64) {
    #expect(SizeText.parse(text) == size)
  }

  @Test(arguments: ["", "GiB", "-1", "1.5GiB", "10 GiB", "10XB", "10GiBs", "9000000TiB", "٣"])
  func refuses(_ text: String) {
    #expect(SizeText.parse(text) == nil)
  }

  @Test(arguments: ["4096PiB", "10GiB", "64MiB", "1KiB", "1023", "0"])
  func writesWhatItReads(_ text: String) {
    #expect(SizeText.parse(text).map(SizeText.format) == text)
  }

  @Test(arguments: [
    (Int64(0), "0 B"), (1_023, "1023 B"), (1_024, "1.00 KiB"), (1_536, "1.50 KiB"),
    (1_048_575, "1.00 MiB"), (10_737_418_240, "10.0 GiB"), (123 << 30, "123 GiB"),
    (Int64.max, "8192 PiB"),
  ])
  func approximates(_ size: Int64, _ text: String) {
    #expect(SizeText.approximate(size) == text)
  }
}

@Suite struct ValueTypeTests {
  @Test func unendingDurationsHaveTheirWord() {
    let type = ValueType<Duration?>.duration(or: "never")
    #expect(type.parse("never") == .some(nil))
    #expect(type.parse("forever") == nil)
    #expect(type.parse("7d") == .some(.seconds(604_800)))
    #expect(type.format(nil) == "never")
  }

  @Test(arguments: [
    "https://s3.example.org", "http://127.0.0.1:9000", "https://example.org/storage/v1/s3",
  ])
  func takesEndpoint(_ text: String) {
    #expect(ValueType<String>.endpoint.parse(text) == text)
  }

  @Test(arguments: [
    "", "s3.example.org", "ftp://x", "https://", "https://key:secret@host", "https://host?x",
    "https://ho st",
  ])
  func refusesEndpoint(_ text: String) {
    #expect(ValueType<String>.endpoint.parse(text) == nil)
  }

  @Test func modesAreOctal() {
    #expect(ValueType<UInt32>.mode.parse("640") == 0o640)
    #expect(ValueType<UInt32>.mode.parse("0640") == 0o640)
    #expect(ValueType<UInt32>.mode.parse("8") == nil)
    #expect(ValueType<UInt32>.mode.parse("10000") == nil)
  }

  @Test func percentagesStopWhereTheCacheNeedsRoom() {
    #expect(ValueType<Double>.percentage.parse("5%") == 0.05)
    #expect(ValueType<Double>.percentage.parse("5") == nil)
    #expect(ValueType<Double>.percentage.parse("91%") == nil)
  }
}
