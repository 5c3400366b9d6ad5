import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// What is written here arrives there: once, whole, under its last name.
@Suite struct WriteBackTests {
  @Test func aFileArrivesWithItsBytesTypeAndAttributes() async throws {
    let fs = try TestVolume()
    try await fs.makeDirectory("media")
    try await fs.write("hello", to: "media/a.jpg")
    _ = try await fs.volume.setAttributes(
      of: fs.inode("media/a.jpg"),
      AttributeChanges(
        permissions: 0o640, user: 7, group: 8,
        modified: .at(Timestamp(seconds: 1_000, nanoseconds: 5))), handle: nil)
    try await fs.drain()
    #expect(try await fs.files() == ["ns/media/a.jpg": "hello"])
    let head = try await fs.store.head(ObjectKey("ns/media/a.jpg"))
    #expect(head.headers.contentType == "image/jpeg")
    #expect(head.headers.metadata["mode"] == "\(0o100640)")
    #expect(head.headers.metadata["uid"] == "7")
    let other = try fs.sibling()
    let attributes = try await other.attributes("media/a.jpg")
    #expect(attributes.mode == 0o100640)
    #expect(attributes.owner == Owner(user: 7, group: 8))
    #expect(attributes.modified == Timestamp(seconds: 1_000, nanoseconds: 5))
    #expect(try await other.read("media/a.jpg") == Array("hello".utf8))
  }

  @Test func rewritesChmodAndRenameInTheDelayMakeOnePut() async throws {
    let fs = try TestVolume { $0.uploadDelay = .seconds(3_600) }
    for round in 0..<10 { try await fs.write("round \(round)", to: "draft") }
    _ = try await fs.volume.setAttributes(
      of: fs.inode("draft"), AttributeChanges(permissions: 0o600), handle: nil)
    try await fs.rename("draft", to: "final.txt")
    try await fs.drain()
    let puts = fs.puts()
    #expect(puts.map(\.key.text) == ["ns/final.txt"])
    #expect(try await fs.texts() == ["ns/final.txt": "round 9"])
  }

  @Test func anUnlinkCancelsTheQueuedUpload() async throws {
    let fs = try TestVolume { $0.uploadDelay = .seconds(3_600) }
    try await fs.write("never", to: "gone")
    try await fs.unlink("gone")
    try await fs.drain()
    #expect(try await fs.texts().isEmpty)
    #expect(fs.store.calls(.put).filter { $0.key.text == "ns/gone" }.isEmpty)
  }

  @Test func aDeletedFileLeavesTheStore() async throws {
    let fs = try TestVolume()
    try await fs.write("x", to: "a")
    try await fs.drain()
    try await fs.unlink("a")
    try await fs.drain()
    #expect(try await fs.texts().isEmpty)
    #expect(try await fs.names().isEmpty)
  }

  @Test func aRenamedDirectoryMovesItsObjectsAndIsReadableMeanwhile() async throws {
    let fs = try TestVolume()
    try await fs.makeDirectory("old")
    try await fs.makeDirectory("old/sub")
    for index in 0..<5 { try await fs.write("\(index)", to: "old/sub/\(index)") }
    try await fs.drain()
    fs.volume.setPaused(true)
    try await fs.rename("old", to: "new")
    let other = try fs.sibling()
    #expect(try await other.names() == ["old"])
    #expect(try await fs.read("new/sub/3") == Array("3".utf8))
    fs.store.forgetCalls()
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.files().keys.sorted() == (0..<5).map { "ns/new/sub/\($0)" })
    #expect(fs.puts().allSatisfy { $0.key.text.utf8.last == UInt8(ascii: "/") })
    // Not those by which the other mount finds out what the store can do.
    let copies = fs.store.calls(.copy).filter { $0.key.text.utf8.starts(with: "ns/new/".utf8) }
    #expect(copies.count == 5)
  }

  @Test func filesThatChangePlacesConverge() async throws {
    let fs = try TestVolume()
    try await fs.write("one", to: "a")
    try await fs.write("two", to: "b")
    try await fs.drain()
    try await fs.rename("a", to: "b", .exchange)
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/a": "two", "ns/b": "one"])
  }

  @Test func aWriteTempThenRenameOverAnUploadedFileReplacesIt() async throws {
    let fs = try TestVolume()
    try await fs.write("old", to: "f")
    try await fs.drain()
    #expect(try await fs.read("f") == Array("old".utf8))
    try await fs.write("new", to: "f.tmp")
    try await fs.rename("f.tmp", to: "f")
    #expect(try await fs.read("f") == Array("new".utf8))
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "new"])
  }

  @Test func anEmptyDirectoryHasAMarkerUntilItIsRemoved() async throws {
    let fs = try TestVolume()
    try await fs.makeDirectory("empty")
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/empty/": ""])
    #expect(try await fs.sibling().names() == ["empty"])
    try await fs.removeDirectory("empty")
    try await fs.drain()
    #expect(try await fs.texts().isEmpty)
  }

  @Test func aDirectoryThatLosesItsLastFileStays() async throws {
    let fs = try TestVolume()
    try await fs.makeDirectory("d")
    try await fs.write("x", to: "d/x")
    try await fs.drain()
    try await fs.unlink("d/x")
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/d/": ""])
  }

  @Test func aSymbolicLinkTravels() async throws {
    let fs = try TestVolume()
    _ = try await fs.volume.makeSymbolicLink(
      TestVolume.name("link"), in: .root, target: "some/where",
      caller: Caller(owner: Owner(user: 0, group: 0)))
    try await fs.drain()
    let other = try fs.sibling()
    let inode = try await other.inode("link")
    #expect(try await other.volume.readSymbolicLink(inode) == "some/where")
    #expect(try await other.attributes("link").size == 10)
  }

  @Test func aLargeFileGoesUpInPartsAndAChmodCostsACopy() async throws {
    let fs = try TestVolume { $0.uploadPartSize = 8 << 20 }
    let bytes = TestVolume.pattern(40 << 20)
    try await fs.write("film.mkv", bytes)
    try await fs.drain()
    #expect(fs.store.calls(.uploadPart).count == 5)
    #expect(try await fs.objects()["ns/film.mkv"] == bytes)
    fs.store.forgetCalls()
    _ = try await fs.volume.setAttributes(
      of: fs.inode("film.mkv"), AttributeChanges(permissions: 0o600), handle: nil)
    try await fs.drain()
    #expect(fs.store.calls(.copy).count == 1)
    #expect(fs.store.calls(.uploadPart).isEmpty)
  }

  @Test func aFileThatChangesDuringItsUploadEndsAsItsLastVersion() async throws {
    let fs = try TestVolume()
    try await fs.write("first", to: "f")
    try await fs.drain()
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .put, key: ObjectKey("ns/f"))
    try await fs.write("second", to: "f")
    await gate.reached()
    try await fs.write("third!", to: "f")
    gate.open()
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "third!"])
  }
}
