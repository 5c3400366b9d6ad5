import MediaFSCore
import MediaFSTesting
import Testing

@Suite struct ExtendedAttributesTests {
  private static func make(_ pairs: [(String, [UInt8])]) throws -> ExtendedAttributes {
    var attributes = ExtendedAttributes()
    for (name, value) in pairs { attributes[try #require(AttributeName(name))] = value }
    return attributes
  }

  @Test func writesAndReadsWhatS3fsWrites() throws {
    let attributes = try Self.make([
      ("user.b", []), ("user.a", Array("test".utf8)), ("trusted.c", [0, 255]),
    ])
    let text = #"{"trusted.c":"AP8=","user.a":"dGVzdA==","user.b":""}"#
    #expect(attributes.text == text)
    #expect(ExtendedAttributes(text: text) == attributes)
    let encoded =
      "%7B%22trusted.c%22%3A%22AP8%3D%22%2C%22user.a%22%3A%22dGVzdA%3D%3D%22%2c"
      + "%22user.b%22%3A%22%22%7D"
    #expect(ExtendedAttributes(text: encoded) == attributes)
  }

  @Test func readsJSONAsItMayBeWritten() throws {
    let text = #" { "user.a" : "AA" , "\u0075ser.\ud83d\ude00\n\\\"" : "AAA=" } "#
    #expect(
      ExtendedAttributes(text: "{" + text.dropFirst(2))
        == (try Self.make([("user.a", [0]), ("user.\u{1F600}\n\\\"", [0, 0])])))
  }

  @Test(arguments: [
    "", "{", "}", "[]", "{]", #"{"a"}"#, #"{"a":1}"#, #"{"a":"AA",}"#, #"{"a":"AA"}x"#,
    #"{"a":"AA""b":"AA"}"#, #"{"\ud83d":"AA"}"#, #"{"\ude00":"AA"}"#, #"{"\x":"AA"}"#,
    #"{"\u00g0":"AA"}"#, "{\"a\nb\":\"AA\"}", "%7", "%7B%zz", "null",
  ])
  func takesNothingElse(text: String) {
    #expect(ExtendedAttributes(text: text) == nil)
  }

  @Test func leavesOutWhatIsNoAttribute() throws {
    let long = String(repeating: "n", count: 256)
    let text = #"{"":"AA","user.bad":"A","user.worse":"!!!!","\#(long)":"AA","user.ok":"AQ"}"#
    #expect(ExtendedAttributes(text: text) == (try Self.make([("user.ok", [1])])))
  }

  @Test(arguments: UInt64(1)...10)
  func roundTrips(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for _ in 0..<50 {
      var attributes = ExtendedAttributes()
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let name = (0..<Int.random(in: 1...20, using: &random)).map { _ in
          Unicode.Scalar(UInt32.random(in: 1...0xD7FF, using: &random)) ?? "?"
        }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: name)
        guard let name = AttributeName(String(text)) else { continue }
        attributes[name] = (0..<Int.random(in: 0...40, using: &random)).map { _ in
          .random(in: 0...255, using: &random)
        }
      }
      #expect(ExtendedAttributes(text: attributes.text) == attributes, "seed \(seed)")
      #expect(ExtendedAttributes(text: "%7b" + attributes.text.dropFirst()) != nil, "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(1)...10)
  func damagedTextNeverTraps(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let text = try Self.make([("user.\u{1F600}\"", [1, 2, 3]), ("user.b", [])]).text
    for _ in 0..<500 {
      var bytes = Array(text.utf8)
      for _ in 0...Int.random(in: 0...3, using: &random) {
        let place = bytes.indices.randomElement(using: &random) ?? 0
        switch Int.random(in: 0...2, using: &random) {
        case 0: bytes[place] = .random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(place...)
        default: bytes.insert(contentsOf: bytes[place...], at: place)
        }
        if bytes.isEmpty { break }
      }
      _ = ExtendedAttributes(text: String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test func namesCompareByBytes() throws {
    let (composed, decomposed) = ("user.\u{E4}", "user.a\u{308}")
    let attributes = try Self.make([(composed, [1]), (decomposed, [2])])
    #expect(attributes.names.count == 2)
    #expect(ExtendedAttributes(text: attributes.text) == attributes)
  }

  @Test func aNameBelongsToASpace() {
    let spaces: [(String, AttributeName.Space?)] = [
      ("user.a", .user), ("user.", nil), ("userx", nil), ("trusted.a", .trusted),
      ("security.capability", .security), ("system.posix_acl_access", .list),
      ("system.posix_acl_default", .list), ("system.other", nil), ("user.mediafs.state", .view),
      ("user.mediafsx", .user), ("btrfs.compression", nil),
    ]
    for (name, space) in spaces { #expect(AttributeName(name)?.space == space, "\(name)") }
    #expect(AttributeName("a\u{0}") == nil)
    #expect(AttributeName(String(repeating: "ä", count: 128)) == nil)
    #expect(AttributeName(String(repeating: "ä", count: 127)) != nil)
  }

  @Test func listAndTotalHaveALimit() throws {
    let name = String(repeating: "n", count: 250)
    let names = try Self.make((0..<256).map { ("user.\(100 + $0)" + name.dropFirst(3), []) })
    #expect(names.listSize == 256 * 256)
    #expect(!names.isTooLarge)
    var more = names
    more[try #require(AttributeName("u"))] = []
    #expect(more.isTooLarge)
    let values = try Self.make((0..<16).map { ("\($0 % 10)", .init(repeating: 0, count: 65_536)) })
    #expect(!values.isTooLarge)
    let most = try Self.make((0..<16).map { ("\(10 + $0)", .init(repeating: 0, count: 65_536)) })
    #expect(most.isTooLarge)
  }

  @Test func whatAnotherToolLeftIsMadeToFit() throws {
    let list = try #require(
      AccessControlList([
        .init(.owner, 7), .init(.user(5), 7), .init(.owningGroup, 7), .init(.mask, 7),
        .init(.others, 7),
      ]))
    var attributes = try Self.make([
      ("user.mediafs.state", [1]), ("nothing", [1]), ("user.kept", [1]),
    ])
    (attributes.accessList, attributes.defaultList) = (list, list)
    let file = attributes.consistent(with: 0o640, of: .regular)
    #expect(file.names.map(\.text) == ["system.posix_acl_access", "user.kept"])
    #expect(file.accessList?.modeBits == 0o640)
    let directory = attributes.consistent(with: 0o777, of: .directory)
    #expect(directory.defaultList == list)
    #expect(attributes.consistent(with: 0o777, of: .symbolicLink).accessList == nil)
    attributes[.accessList] = [1, 2, 3]
    #expect(attributes.consistent(with: 0o640, of: .regular)[.accessList] == nil)
  }
}
