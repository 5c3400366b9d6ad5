import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

@Suite struct DirectoryStoreTests {
  private let scratch: TemporaryDirectory
  private let store: DirectoryObjectStore

  init() throws {
    scratch = try TemporaryDirectory()
    store = try DirectoryObjectStore(directory: scratch.path + "/new/store")
  }

  private var path: String { scratch.path + "/new/store" }

  @discardableResult
  private func put(
    _ key: String, _ text: String = "x", headers: ObjectHeaders = ObjectHeaders()
  ) async throws -> ETag {
    try await store.put(
      ObjectKey(key), BytesSource(Array(text.utf8)), headers: headers, condition: .none)
  }

  private func read(_ key: String) async throws -> String {
    let bytes = try await store.get(ObjectKey(key), range: nil, ifMatch: nil).body.collect()
    return String(decoding: bytes, as: UTF8.self)
  }

  private func files() throws -> [String] {
    let text = try succeed(["find", path, "-type", "f", "-printf", "%P\n"])
    return text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix(".mediafs-store/") }
      .sorted()
  }

  private func keys() async throws -> [String] {
    let request = ListRequest(prefix: "", foldsDirectories: false)
    return try await store.list(request).objects.map(\.key.text)
  }

  @Test(arguments: [
    ("a/b c.jpg", "a/b c.jpg"), ("é/日", "é/日"), ("d/", "d/%2F"), ("a//b", "a/%2F/b"),
    ("../a/.", "%2E./a/%2E"), ("100%", "100%"), ("a%20b", "a%20b"), ("a%2Fb", "a%252Fb"),
    ("a\0b", "a%00b"), (".mediafs-store/x", "%2Emediafs-store/x"), (".hidden", ".hidden"),
  ])
  func objectsAreFilesOfTheirNames(key: String, file: String) async throws {
    try await put(key)
    #expect(try files() == [file])
    #expect(try await keys() == [key])
  }

  @Test func anObjectMakesRoomForADirectory() async throws {
    try await put("x", "object")
    try await put("x/y", "beneath")
    #expect(try files() == ["x%3D", "x/y"])
    #expect(try await read("x") == "object")
    try await store.delete(ObjectKey("x/y"))
    #expect(try await read("x") == "object")
    try await put("x", "again")
    #expect(try files() == ["x"])
  }

  @Test func whatAPersonPutsThereIsAnObject() async throws {
    try succeed(["sh", "-c", "mkdir -p '\(path)/photos' && echo hi > '\(path)/photos/a.jpg'"])
    let info = try await store.head(ObjectKey("photos/a.jpg"))
    #expect(info.size == 3)
    #expect(try await read("photos/a.jpg") == "hi\n")
    #expect(try await keys() == ["photos/a.jpg"])
    try succeed(["sh", "-c", "echo longer > '\(path)/photos/a.jpg'"])
    #expect(try await store.head(ObjectKey("photos/a.jpg")).etag != info.etag)
  }

  @Test func anEditInPlaceIsAnotherVersion() async throws {
    let headers = ObjectHeaders(metadata: ["mode": "33188"])
    let etag = try await put("a", "old", headers: headers)
    try succeed(["touch", "-d", "2001-01-01", path + "/a"])
    let info = try await store.head(ObjectKey("a"))
    #expect(info.etag != etag)
    await #expect(throws: ObjectStoreError.self) {
      try await store.get(ObjectKey("a"), range: nil, ifMatch: etag)
    }
  }

  @Test func symbolicLinksAndOddNamesAreLeftAlone() async throws {
    try await put("a")
    try succeed(["ln", "-s", "/etc/passwd", path + "/link"])
    try succeed(["mkfifo", path + "/fifo"])
    try succeed(["touch", path + "/%2Ea", path + "/x%3D%3D"])
    try succeed(["sh", "-c", "touch \"$(printf '\(path)/\\377')\""])
    #expect(try await keys() == ["a"])
    for key in ["link", "fifo"] {
      let error = await #expect(throws: ObjectStoreError.self) {
        try await store.head(ObjectKey(key))
      }
      #expect(error?.kind == .notFound)
    }
  }

  @Test(arguments: [true, false])
  func aCopyOfTheStoreHasTheSameVersions(usesAttributes: Bool) async throws {
    let from = scratch.path + "/from"
    let first = try DirectoryObjectStore(directory: from, usesAttributes: usesAttributes)
    let headers = ObjectHeaders(
      contentType: "image/png", metadata: ["mode": "33188", "a b": "%é\n"])
    let key = ObjectKey("d/object")
    _ = try await first.put(key, BytesSource([1, 2]), headers: headers, condition: .none)
    try succeed(["cp", "-a", from, scratch.path + "/to"])
    let second = try DirectoryObjectStore(directory: scratch.path + "/to")
    #expect(try await second.head(key) == first.head(key))
    #expect(try await second.head(key).headers == headers)
  }

  @Test func headersChangeWithoutCopyingTheBytes() async throws {
    try await put("a", "bytes")
    let before = try succeed(["stat", "-c", "%i %y", path + "/a"])
    let new = ObjectHeaders(metadata: ["mode": "33261"])
    let etag = try await store.copy(
      from: ObjectKey("a"), sourceMatch: nil, to: ObjectKey("a"), headers: new, condition: .none)
    #expect(try succeed(["stat", "-c", "%i %y", path + "/a"]) == before)
    #expect(try await store.head(ObjectKey("a")).headers == new)
    #expect(try await store.head(ObjectKey("a")).etag == etag)
  }

  @Test func twoDaemonsShareAStore() async throws {
    let other = try DirectoryObjectStore(directory: path)
    let stores = [store, other]
    let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
      for index in 0..<16 {
        group.addTask {
          do throws(ObjectStoreError) {
            let source = BytesSource([UInt8(index)])
            _ = try await stores[index % 2].put(
              ObjectKey("a"), source, headers: ObjectHeaders(), condition: .absent)
            return true
          } catch {
            if error.kind == .preconditionFailed { return false }
            throw error
          }
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(wins == 1)
  }

  @Test func whatAKilledDaemonLeftIsSweptAndWhatIsInUseIsNot() async throws {
    try succeed(["touch", path + "/.mediafs-store/temporary/left"])
    // A second daemon starts in the middle of a write.
    _ = try await store.put(
      ObjectKey("a"), StartingSource(path: path), headers: ObjectHeaders(), condition: .none)
    #expect(try await read("a") == "held")
    #expect(try succeed(["find", path + "/.mediafs-store/temporary", "-type", "f"]).isEmpty)
  }

  @Test func aStoreThatIsGoneIsNotAMissingObject() async throws {
    try await put("a")
    try succeed(["rm", "-rf", path])
    for call in ["head", "list", "listParts"] {
      let error = await #expect(throws: ObjectStoreError.self) {
        switch call {
        case "head": _ = try await store.head(ObjectKey("a"))
        case "list": _ = try await store.list(ListRequest(prefix: "", foldsDirectories: true))
        default: _ = try await store.listParts(ObjectKey("a"), UploadID("x"))
        }
      }
      #expect(error?.kind == .unavailable, "\(call)")
    }
  }

  @Test func aMissingStoreIsMadeOnlyWhenAsked() throws {
    let missing = scratch.path + "/missing"
    #expect(throws: ObjectStoreError.self) {
      try DirectoryObjectStore(directory: missing, createsDirectory: false)
    }
  }

  @Test func aSourceThatFailsLeavesNothing() async throws {
    await #expect(throws: ObjectStoreError.self) {
      try await store.put(
        ObjectKey("a/b"), FailingSource(), headers: ObjectHeaders(), condition: .none)
    }
    #expect(try succeed(["find", path, "-type", "f"]).isEmpty)
    #expect(try succeed(["find", path, "-name", "a"]).isEmpty)
  }
}

/// Opens the store once more while it is read.
private struct StartingSource: ObjectSource {
  let path: String
  let length: Int64 = 4

  func read(at offset: Int64, count: Int) throws(ObjectStoreError) -> [UInt8] {
    _ = try DirectoryObjectStore(directory: path)
    return Array("held".utf8)
  }
}

/// Gives a part of what it promised.
private struct FailingSource: ObjectSource {
  let length: Int64 = 4 << 20

  func read(at offset: Int64, count: Int) throws(ObjectStoreError) -> [UInt8] {
    guard offset == 0 else {
      throw ObjectStoreError(.cancelled, code: "Changed", message: "the file has changed")
    }
    return [UInt8](repeating: 1, count: count)
  }
}
