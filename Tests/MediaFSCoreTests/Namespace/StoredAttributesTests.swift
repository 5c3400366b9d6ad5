import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

@Suite struct StoredAttributesTests {
  private static let defaults = StoredAttributes.Defaults(
    owner: Owner(user: 7, group: 8), fileMode: 0o640, directoryMode: 0o750)
  private static let lastModified = Timestamp(seconds: 1_000)

  private static func decode(
    _ metadata: [String: String], isMarker: Bool = false
  ) -> StoredAttributes {
    .decode(
      metadata: metadata, isMarker: isMarker, lastModified: lastModified, defaults: defaults)
  }

  @Test func objectsOfOtherToolsGetTheDefaults() {
    #expect(
      Self.decode([:])
        == StoredAttributes(
          kind: .regular, permissions: 0o640, owner: Owner(user: 7, group: 8),
          modified: Self.lastModified))
    #expect(Self.decode([:], isMarker: true).permissions == 0o750)
    #expect(Self.decode([:], isMarker: true).kind == .directory)
  }

  @Test func writesWhatS3fsWrites() {
    let attributes = StoredAttributes(
      kind: .symbolicLink, permissions: 0o777, owner: Owner(user: 1_000, group: 100),
      modified: Timestamp(seconds: 1_600_000_000, nanoseconds: 5),
      changed: Timestamp(seconds: 1_600_000_001))
    #expect(
      attributes.encode() == [
        "mode": "41471", "uid": "1000", "gid": "100", "mtime": "1600000000.000000005",
        "ctime": "1600000001",
      ])
  }

  @Test(arguments: UInt64(1)...20)
  func roundTripsExactly(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    func time() -> Timestamp {
      Timestamp(
        seconds: .random(in: -62_135_596_800...253_402_300_799, using: &random),
        nanoseconds: Bool.random(using: &random)
          ? 0 : .random(in: 0..<1_000_000_000, using: &random))
    }
    for _ in 0..<200 {
      let kind = FileKind.allCases.randomElement(using: &random) ?? .regular
      var extended = ExtendedAttributes()
      if Bool.random(using: &random) {
        extended[.capability] = [.random(in: 0...9, using: &random)]
      }
      let attributes = StoredAttributes(
        kind: kind, permissions: .random(in: 0...0o7777, using: &random),
        owner: Owner(user: .random(in: 0 ... .max, using: &random), group: 0), modified: time(),
        accessed: Bool.random(using: &random) ? time() : nil,
        changed: Bool.random(using: &random) ? time() : nil,
        device: kind.isDevice ? .random(in: 0...0xFFFF_FFFF, using: &random) : 0,
        extended: extended)
      #expect(
        Self.decode(attributes.encode(), isMarker: kind == .directory) == attributes,
        "seed \(seed)")
    }
  }

  @Test func aDeviceHasItsNumberAsRcloneHasIt() {
    let attributes = StoredAttributes(
      kind: .blockDevice, permissions: 0o660, owner: Owner(user: 0, group: 6),
      modified: Self.lastModified, device: 0x0801)
    #expect(attributes.encode()["rdev"] == "801")
    #expect(Self.decode(["mode": "25008", "rdev": "801"]).kind == .blockDevice)
    #expect(Self.decode(["mode": "25008", "rdev": "801"]).device == 0x801)
    for text in ["", "x", "-1", "100000000"] {
      #expect(Self.decode(["mode": "25008", "rdev": text]).kind == .regular, "\(text)")
    }
    #expect(Self.decode(["mode": "33188", "rdev": "801"]).device == 0)
  }

  @Test func aSideObjectIsNamedInsteadOfTheAttributes() {
    var attributes = StoredAttributes(
      kind: .regular, permissions: 0o660, owner: Owner(user: 0, group: 6),
      modified: Self.lastModified)
    attributes.extended[.capability] = [1]
    attributes.side = SideName(generation: 0xAB, inode: InodeNumber(7), version: 3)
    let metadata = attributes.encode()
    #expect(metadata["mediafs-xattr"] == "ab.7.3")
    #expect(metadata["xattr"] == nil)
    #expect(Self.decode(metadata).side == attributes.side)
    let keySpace = KeySpace(prefix: "ns/")
    let key = attributes.side.map { keySpace.key(of: $0) }
    #expect(key == ObjectKey("ns/.mediafs/xattr/ab.7.3"))
    #expect(key.flatMap { keySpace.sideName(of: $0) } == attributes.side)
  }

  @Test(arguments: ["", "../../outside", "a/b", ".hidden", "ä", "a b", "x%2F"])
  func aSideNameLeadsNowhereElse(text: String) {
    #expect(Self.decode(["mediafs-xattr": text]).side == nil)
  }

  @Test func metadataWeighsNamesAndValues() {
    #expect(MetadataSize.of([:]) == 0)
    #expect(MetadataSize.of(["mode": "33188"]) == 11 + 4 + 5)
    #expect(MetadataSize.of(["a": "x y"]) == 11 + 1 + 5)
    #expect(MetadataSize.of(["a": "ä"]) == 11 + 1 + 6)
  }

  struct ModeRow: Sendable {
    var text: String
    var isMarker = false
    var kind: FileKind
    var permissions: UInt32
  }

  @Test(arguments: [
    ModeRow(text: "33188", kind: .regular, permissions: 0o644),
    ModeRow(text: "33261", kind: .regular, permissions: 0o755),
    ModeRow(text: "41471", kind: .symbolicLink, permissions: 0o777),
    ModeRow(text: "36333", kind: .regular, permissions: 0o6755),
    ModeRow(text: "16877", isMarker: true, kind: .directory, permissions: 0o755),
    ModeRow(text: "33188", isMarker: true, kind: .directory, permissions: 0o644),
    ModeRow(text: "16877", kind: .regular, permissions: 0o755),
    ModeRow(text: "420", kind: .regular, permissions: 0o644),
    ModeRow(text: "100644", kind: .regular, permissions: 0o644),
    ModeRow(text: "0100600", kind: .regular, permissions: 0o600),
    ModeRow(text: "120777", kind: .symbolicLink, permissions: 0o777),
    ModeRow(text: "40755", isMarker: true, kind: .directory, permissions: 0o755),
    ModeRow(text: "25008", kind: .regular, permissions: 0o660),
    ModeRow(text: "8576", kind: .regular, permissions: 0o600),
    ModeRow(text: "4480", kind: .fifo, permissions: 0o600),
    ModeRow(text: "", kind: .regular, permissions: 0o640),
    ModeRow(text: "-1", kind: .regular, permissions: 0o640),
    ModeRow(text: "rw-r--r--", kind: .regular, permissions: 0o640),
    ModeRow(text: "99999999999999999999", kind: .regular, permissions: 0o640),
    ModeRow(text: "99999", kind: .regular, permissions: 0o640),
  ])
  func readsModes(_ row: ModeRow) {
    let attributes = Self.decode(["mode": row.text], isMarker: row.isMarker)
    #expect(attributes.kind == row.kind)
    #expect(attributes.permissions == row.permissions)
  }

  @Test(arguments: [
    ("1600000000", 1_600_000_000, 0), ("1600000000.5", 1_600_000_000, 500_000_000),
    ("1600000000.1234567899", 1_600_000_000, 123_456_789), ("0", 0, 0), ("-1", -1, 0),
    ("-0.5", -1, 500_000_000), ("-1.25", -2, 750_000_000), ("-1.000000000", -1, 0),
    ("2020-12-15T18:40:00Z", 1_608_057_600, 0),
    ("2020-12-15T19:40:00.25+01:00", 1_608_057_600, 250_000_000),
    ("2020-12-15 13:10:00-05:30", 1_608_057_600, 0), ("2000-02-29T00:00:00z", 951_782_400, 0),
    ("1969-12-31T23:59:59.9Z", -1, 900_000_000), ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
    ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
  ])
  func readsTimes(text: String, seconds: Int64, nanoseconds: Int32) {
    #expect(
      Self.decode(["mtime": text]).modified
        == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
  }

  @Test(arguments: [
    "", " ", "-", ".", "1.", ".5", "1.5.5", "1e9", "0x10", "--1", "+1", "1600000000ns", "nan",
    "253402300800", "999999999999999999999999", "-62135596801", "1.123456789012345678901x",
    "2020-12-15", "2020-12-15T18:40:00", "2020-13-15T18:40:00Z", "2019-02-29T00:00:00Z",
    "2020-12-15T24:00:00Z", "2020-12-15T18:40:00.Z", "2020-12-15T18:40:00+0100",
    "2020-12-15T18:40:00*01:00", "2020-12-15T18:40:00Zz", "0000-01-01T00:00:00Z", "é", "\0",
    "0001-01-01T00:00:00+01:00",
  ])
  func nonsenseIsNoTime(text: String) {
    let attributes = Self.decode(["mtime": text, "atime": text, "ctime": text])
    #expect(attributes.modified == Self.lastModified)
    #expect(attributes.accessed == nil)
    #expect(attributes.changed == nil)
  }

  @Test(arguments: ["", "-1", "root", "4294967296", "1.0"])
  func nonsenseIsNoOwner(text: String) {
    #expect(Self.decode(["uid": text, "gid": text]).owner == Self.defaults.owner)
  }

  /// Random bytes from a store never trap.
  @Test(arguments: UInt64(1)...10)
  func decodingIsTotal(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let alphabet = Array("0123456789-+.:TZ eéx\0".unicodeScalars)
    for _ in 0..<2_000 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0..<40, using: &random) {
        text.append(alphabet.randomElement(using: &random) ?? "0")
      }
      let value = String(text)
      _ = Self.decode(["mode": value, "uid": value, "gid": value, "mtime": value])
    }
  }
}
