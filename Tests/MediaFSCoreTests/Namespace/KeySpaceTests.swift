import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

@Suite struct KeySpaceTests {
  private static func path(_ names: String...) throws -> [FileName] {
    try names.map { try #require(FileName($0)) }
  }

  @Test(arguments: ["", "org/", "org-", "a/b/"])
  func pathAndKeyAreInverse(prefix: String) throws {
    let space = KeySpace(prefix: prefix)
    let path = try Self.path("a b", "..c", "é+%")
    let key = try space.key(of: path)
    #expect(key == ObjectKey(prefix + "a b/..c/é+%"))
    #expect(try space.key(ofRelativePath: "a b/..c/é+%") == key)
    #expect(space.location(of: key) == .init(path: path, isDirectoryMarker: false))
    let marker = try space.directoryMarker(of: path)
    #expect(marker == ObjectKey(prefix + "a b/..c/é+%/"))
    #expect(space.location(of: marker) == .init(path: path, isDirectoryMarker: true))
    #expect(space.directoryPrefix(of: path) == marker.text)
    #expect(space.directoryPrefix(of: []) == prefix)
  }

  @Test func composedAndDecomposedNamesStayApart() throws {
    let space = KeySpace(prefix: "n/")
    let composed = try space.key(of: Self.path("\u{E9}"))
    let decomposed = try space.key(of: Self.path("e\u{301}"))
    #expect(composed != decomposed)
    #expect(space.location(of: composed) != space.location(of: decomposed))
    #expect(KeySpace(prefix: "\u{E9}/").location(of: ObjectKey("e\u{301}/a")) == nil)
    #expect(KeySpace(prefix: "e\u{301}/").location(of: ObjectKey("\u{E9}/ab")) == nil)
  }

  @Test(arguments: [
    "other/a", "org", "orga", "org//a", "org/a//b", "org/./a", "org/a/..", "org/a//", "org/\0",
    "org/.mediafs", "org/.mediafs/probe-1", "org/" + String(repeating: "x", count: 256),
  ])
  func keysThatHaveNoPlace(key: String) {
    #expect(KeySpace(prefix: "org/").location(of: ObjectKey(key)) == nil)
  }

  @Test func theRootHasAMarkerOnlyBehindASlash() throws {
    let namespace = KeySpace(prefix: "org/")
    #expect(namespace.location(of: ObjectKey("org/")) == .init(path: [], isDirectoryMarker: true))
    #expect(try namespace.directoryMarker(of: []) == ObjectKey("org/"))
    let literal = KeySpace(prefix: "org-")
    #expect(literal.location(of: ObjectKey("org-")) == nil)
    #expect(throws: KeyError.notAPath("")) { try literal.directoryMarker(of: []) }
    #expect(throws: KeyError.notAPath("")) { try KeySpace(prefix: "").directoryMarker(of: []) }
  }

  @Test func tooLongIsToldWhenTheKeyIsMade() throws {
    let space = KeySpace(prefix: "org/")
    let name = try #require(FileName(String(repeating: "n", count: 254)))
    let path = Array(repeating: name, count: 4)
    let key = try space.key(of: path)
    #expect(key.byteCount == 1_023)
    #expect(try space.directoryMarker(of: path).byteCount == 1_024)
    let longer = try path.dropLast() + [#require(FileName(String(repeating: "n", count: 255)))]
    #expect(try space.key(of: longer).byteCount == 1_024)
    #expect(throws: KeyError.tooLong(byteCount: 1_025)) { try space.directoryMarker(of: longer) }
    let deeper = try path + Self.path("n")
    #expect(throws: KeyError.tooLong(byteCount: 1_025)) { try space.key(of: deeper) }
  }

  @Test(arguments: ["", "/a", "a/", "a//b", "a/../b"])
  func relativePathsAreChecked(path: String) {
    #expect(throws: KeyError.notAPath(path)) {
      try KeySpace(prefix: "org/").key(ofRelativePath: path)
    }
  }

  @Test func theReservedNameIsReservedInTheRootOnly() throws {
    let space = KeySpace(prefix: "org/")
    #expect(space.reservedPrefix == "org/.mediafs/")
    #expect(space.isReserved(ObjectKey("org/.mediafs")))
    #expect(space.isReserved(ObjectKey("org/.mediafs/x")))
    #expect(!space.isReserved(ObjectKey("org/.mediafsx")))
    #expect(!space.isReserved(ObjectKey("org/a/.mediafs")))
    #expect(!space.isReserved(ObjectKey(".mediafs/x")))
    #expect(space.isReserved(try Self.path(".mediafs")))
    #expect(space.isReserved(try Self.path(".mediafs", "x")))
    #expect(!space.isReserved(try Self.path("a", ".mediafs")))
    #expect(!space.isReserved([]))
  }

  /// Every key leads nowhere or to a path whose key it is: two keys never share a path.
  @Test(arguments: UInt64(1)...10)
  func locationsAreUnambiguous(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let space = KeySpace(prefix: "o/")
    let alphabet = ["/", "/", ".", "..", "a", "b", "\0", ".mediafs"]
    for _ in 0..<2_000 {
      let length = Int.random(in: 0..<6, using: &random)
      let text = (0..<length).map { _ in alphabet.randomElement(using: &random) ?? "" }.joined()
      let key = ObjectKey("o/" + text)
      guard let location = space.location(of: key) else { continue }
      let back =
        location.isDirectoryMarker
        ? try space.directoryMarker(of: location.path) : try space.key(of: location.path)
      #expect(back == key, "seed \(seed)")
    }
  }
}
