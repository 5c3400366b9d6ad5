import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// `local.only`: what the store never gets, and what happens where names begin or cease to be
/// covered.
@Suite struct LocalOnlyTests {
  private static let patterns = "*.part:tmp"

  private func volume(
    _ configure: (inout VolumeOptions) throws -> Void = { _ in }
  ) throws -> TestVolume {
    try TestVolume {
      $0.localOnly = try PatternList(parsing: Self.patterns)
      try configure(&$0)
    }
  }

  private func state(_ fs: TestVolume, _ path: String) async throws -> String {
    let value = try await fs.volume.extendedAttribute("user.mediafs.state", of: fs.inode(path))
    return String(decoding: value, as: UTF8.self)
  }

  private func put(_ fs: TestVolume, _ path: String, _ text: String) async throws {
    _ = try await fs.store.put(
      ObjectKey("ns/" + path), BytesSource(Array(text.utf8)), headers: ObjectHeaders(),
      condition: .none)
  }

  private func makeLink(_ fs: TestVolume, _ name: String, in parent: String) async throws {
    _ = try await fs.volume.makeSymbolicLink(
      TestVolume.name(name), in: fs.inode(parent), target: "target",
      caller: Caller(owner: Owner(user: 0, group: 0)))
  }

  private func target(_ fs: TestVolume, _ path: String) async throws -> String {
    try await fs.volume.readSymbolicLink(fs.inode(path))
  }

  @Test func whatIsCoveredIsNeverSentAndSurvives() async throws {
    let fs = try volume { $0.uploadEnabled = false }
    try await fs.write("one", to: "film.part")
    try await fs.makeDirectory("tmp")
    try await fs.write("two", to: "tmp/scratch")
    try await makeLink(fs, "link", in: "tmp")
    // Nothing waits, though nothing is uploaded.
    try await fs.drain()
    let status = try fs.volume.status()
    #expect(status.dirty.files == 0 && status.local.files == 2 && status.remoteOnly.files == 0)
    #expect(try await state(fs, "film.part") == "local")
    await #expect(throws: FileSystemError.self) {
      try await fs.volume.extendedAttribute("user.mediafs.key", of: fs.inode("film.part"))
    }
    fs.options.uploadEnabled = true
    for _ in 0..<2 {
      try await fs.crash()
      try await fs.drain()
      #expect(try await fs.read("film.part") == Array("one".utf8))
      #expect(try await fs.read("tmp/scratch") == Array("two".utf8))
      #expect(try await target(fs, "tmp/link") == "target")
      let handle = try await fs.open("film.part", [.write])
      try fs.write(Array("one".utf8), at: 0, to: handle)
      try await fs.volume.flush(handle)
    }
    try await fs.drain()
    #expect(try await fs.texts().isEmpty && fs.puts().isEmpty)
  }

  @Test func aNewNameUploadsAndACoveredOneTakesBack() async throws {
    let fs = try volume()
    try await fs.write("film", to: "film.part")
    try await fs.rename("film.part", to: "film")
    #expect(try await state(fs, "film") != "local")
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/film": "film"])
    let other = try fs.sibling()
    try await other.rename("film", to: "film.part")
    try await other.drain()
    #expect(try await fs.texts().isEmpty)
    #expect(try await state(other, "film.part") == "local")
    try await other.crash()
    #expect(try await other.read("film.part") == Array("film".utf8))
    try await other.rename("film.part", to: "again")
    try await other.drain()
    #expect(try await fs.texts() == ["ns/again": "film"])
    #expect(try await state(other, "again") == "cached")
  }

  /// Bytes, targets and attributes that nobody has read yet come here first.
  @Test func aTreeThatIsGivenACoveredNameIsFetched() async throws {
    let maker = try TestVolume()
    try await maker.makeDirectory("d")
    try await maker.makeDirectory("d/e")
    try await maker.drain()
    try await maker.write("1", to: "d/one")
    try await maker.write("2", to: "d/e/two")
    try await maker.changeMode(of: "d/e/two", to: 0o600)
    try await makeLink(maker, "link", in: "d/e")
    try await maker.drain()
    let fs = try TestVolume(store: maker.store) {
      $0.localOnly = try PatternList(parsing: Self.patterns)
      $0.metadataTTL = .zero
    }
    try await fs.rename("d", to: "tmp")
    try await fs.drain()
    let left = try await fs.texts()
    #expect(left == [:])
    for _ in 0..<2 {
      #expect(try await fs.names("tmp") == ["e", "one"])
      #expect(try await fs.names("tmp/e") == ["link", "two"])
      #expect(try await fs.read("tmp/e/two") == Array("2".utf8))
      #expect(try await fs.attributes("tmp/e/two").permissions == 0o600)
      #expect(try await target(fs, "tmp/e/link") == "target")
      try await fs.crash()
    }
    try await fs.rename("tmp", to: "back")
    try await fs.drain()
    #expect(
      try await fs.files()
        == ["ns/back/one": "1", "ns/back/e/two": "2", "ns/back/e/link": "target"])
    #expect(try fs.volume.status().dirty.files == 0)
  }

  @Test func theObjectOfSomebodyElseStays() async throws {
    let fs = try volume { $0.metadataTTL = .zero }
    try await put(fs, "a.part", "theirs")
    #expect(try await fs.read("a.part") == Array("theirs".utf8))
    try await fs.write("ours", to: "a.part")
    try await fs.drain()
    try await fs.write("ours too", to: "b.part")
    try await put(fs, "b.part", "theirs too")
    for _ in 0..<2 {
      #expect(try await fs.names() == ["a.part", "b.part"])
      #expect(try await fs.read("a.part") == Array("ours".utf8))
      #expect(try await fs.read("b.part") == Array("ours too".utf8))
      try await fs.crash()
    }
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/a.part": "theirs", "ns/b.part": "theirs too"])
  }

  /// Nothing beneath it is in the store, where it has to be all the same.
  @Test func aDirectoryOfLocalFilesHasAMarker() async throws {
    let fs = try volume { $0.metadataTTL = .zero }
    try await fs.makeDirectory("d")
    try await fs.write("1", to: "d/a.part")
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/d/": ""])
    try await fs.write("2", to: "d/b")
    try await fs.drain()
    try await fs.store.delete(ObjectKey("ns/d/"))
    try await fs.rename("d/b", to: "d/b.part")
    try await fs.drain()
    #expect(try await fs.texts().keys.allSatisfy { $0 == "ns/d/" })
    // Somebody else deletes the directory.
    try await fs.store.delete(ObjectKey("ns/d/"))
    #expect(try await fs.names() == ["d"])
    #expect(try await fs.names("d") == ["a.part", "b.part"])
    #expect(try await fs.read("d/b.part") == Array("2".utf8))
  }

  @Test func otherPatternsHoldFromTheNextMountOn() async throws {
    let fs = try volume()
    try await fs.write("1", to: "a.part")
    try await fs.write("2", to: "b.tmp")
    try await fs.makeDirectory("tmp")
    try await fs.write("3", to: "tmp/c")
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/b.tmp": "2"])
    fs.options.localOnly = try PatternList(parsing: "*.tmp")
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.files() == ["ns/a.part": "1", "ns/b.tmp": "2", "ns/tmp/c": "3"])
    // What is covered now changes: what the store has of it stays behind.
    try await fs.write("4", to: "b.tmp")
    try await fs.drain()
    #expect(try await fs.files()["ns/b.tmp"] == "2")
    #expect(try await fs.read("b.tmp") == Array("4".utf8))
    #expect(try await state(fs, "b.tmp") == "local")
  }

  @Test func oneOfTwoNamesIsCovered() async throws {
    let fs = try volume()
    try await fs.write("bytes", to: "a.part")
    _ = try await fs.volume.link(fs.inode("a.part"), to: TestVolume.name("b"), in: .root)
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/b": "bytes"])
    #expect(try await fs.attributes("a.part").linkCount == 2)
    try await fs.unlink("b")
    try await fs.drain()
    #expect(try await fs.texts().isEmpty)
    #expect(try await fs.read("a.part") == Array("bytes".utf8))
    #expect(try await state(fs, "a.part") == "local")
  }

  @Test func itIsNeverEvicted() async throws {
    let fs = try volume { $0.cacheSize = 40 << 20 }
    let bytes = TestVolume.pattern(12 << 20)
    try await fs.write("stored", bytes)
    try await fs.drain()
    try await fs.rename("stored", to: "stored.part")
    try await fs.write("new.part", bytes)
    try await fs.drain()
    for name in ["x", "y", "z"] {
      try await fs.write(name, bytes)
      try await fs.drain()
    }
    let gets = fs.store.calls(.get).count
    #expect(try await fs.read("stored.part") == bytes)
    #expect(try await fs.read("new.part") == bytes)
    #expect(fs.store.calls(.get).count == gets)
  }

  @Test func withoutDeletesTheObjectStays() async throws {
    let fs = try volume {
      $0.noDelete = true
      $0.metadataTTL = .zero
    }
    try await fs.write("bytes", to: "a")
    try await fs.drain()
    try await fs.rename("a", to: "a.part")
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/a": "bytes"])
    #expect(try await fs.names() == ["a.part"])
    #expect(try await state(fs, "a.part") == "local")
  }

  @Test func synchronousUploadsDoNotWaitForIt() async throws {
    let fs = try volume {
      $0.uploadSynchronous = true
      $0.uploadEnabled = false
    }
    let (_, open) = try await fs.volume.create(
      TestVolume.name("a.part"), in: .root, permissions: 0o644,
      caller: Caller(owner: Owner(user: 0, group: 0)), [.write])
    try fs.write([1, 2, 3], at: 0, to: open.handle)
    try await fs.volume.synchronize(open.handle, dataOnly: false)
    try await fs.volume.flush(open.handle)
    fs.volume.release(open.handle)
    #expect(try await fs.read("a.part") == [1, 2, 3])
  }
}
