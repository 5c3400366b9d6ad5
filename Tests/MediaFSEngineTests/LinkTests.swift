import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// Hard links, as an application sees them and as the store has them.
@Suite struct LinkTests {
  private func expect(
    _ errno: Errno, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
  ) async {
    let error = await #expect(throws: FileSystemError.self, sourceLocation: sourceLocation) {
      try await body()
    }
    #expect(error?.errno == errno, sourceLocation: sourceLocation)
  }

  /// Without those of the probe.
  private func copies(_ fs: TestVolume) -> Int {
    let keySpace = KeySpace(prefix: fs.options.keyPrefix)
    return fs.store.calls(.copy).filter { !keySpace.isReserved($0.key) }.count
  }

  private func metadata(_ key: String, of fs: TestVolume) async throws -> [String: String] {
    try await fs.store.head(ObjectKey(key)).headers.metadata
  }

  @Test func oneInodeIsOneObjectForEachName() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.makeDirectory("d")
    try await fs.write("text", to: "f")
    let entry = try await fs.link("f", to: "d/g")
    #expect(entry.attributes.linkCount == 2)
    #expect(try await fs.inode("d/g") == fs.inode("f"))
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f": "text", "ns/d/g": "text"])
    var (first, second) = (
      try await metadata("ns/f", of: fs), try await metadata("ns/d/g", of: fs)
    )
    // Each says at which key it was written.
    let places = [first, second].map { $0["mediafs-place"] }
    #expect(places[0] != places[1] && !places.contains(nil))
    (first["mediafs-place"], second["mediafs-place"]) = (nil, nil)
    #expect(first["mediafs-link"] != nil && first["mediafs-links"] == "2")
    #expect(first == second)
    #expect(fs.puts().map(\.key.text).filter { $0 != "ns/d/" } == ["ns/f"])
  }

  @Test func twoHostsThatMoveANameToTheSamePlaceAgree() async throws {
    let here = try TestVolume()
    try await here.write("text", to: "f")
    try await here.link("f", to: "g")
    try await here.drain()
    let there = try TestVolume(store: here.store)
    #expect(try await there.names() == ["f", "g"])
    #expect(try await there.inode("f") == there.inode("g"))
    try await here.rename("g", to: "h")
    try await here.drain()
    try await there.rename("g", to: "h")
    try await there.drain()
    #expect(try await there.files() == ["ns/f": "text", "ns/h": "text"])
    #expect(try await there.names() == ["f", "h"])
    #expect(try await there.inode("f") == there.inode("h"))
  }

  @Test func aChangeThroughOneNameIsUploadedOnceAndReachesAll() async throws {
    let fs = try TestVolume()
    try await fs.write("one", to: "f")
    try await fs.link("f", to: "g")
    try await fs.link("g", to: "h")
    try await fs.drain()
    fs.store.forgetCalls()
    fs.volume.setPaused(true)
    try await fs.write("two!", to: "g")
    #expect(try await fs.read("h") == Array("two!".utf8))
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f": "two!", "ns/g": "two!", "ns/h": "two!"])
    #expect(fs.puts().count == 1)
    #expect(copies(fs) == 2)
  }

  @Test func anotherHostSeesOneInode() async throws {
    let fs = try TestVolume()
    try await fs.makeDirectory("d")
    try await fs.write("text", to: "f")
    try await fs.link("f", to: "d/g")
    try await fs.link("f", to: "h")
    try await fs.drain()
    let other = try fs.sibling()
    #expect(try await other.attributes("f").linkCount == 3)
    let inodes = [
      try await other.inode("f"), try await other.inode("d/g"), try await other.inode("h"),
      try await other.inode("f"),
    ]
    // The first answer may have been an inode of its own for a moment.
    #expect(Set(inodes.dropFirst()).count == 1)
    #expect(try await other.read("d/g") == Array("text".utf8))
    #expect(try other.volume.status().total.files == 1)
    // And so it stays when that host changes it.
    try await other.write("more text", to: "h")
    try await other.drain()
    #expect(
      try await fs.files()
        == ["ns/f": "more text", "ns/d/g": "more text", "ns/h": "more text"])
  }

  @Test func namesAreTakenAwayOneByOne() async throws {
    let fs = try TestVolume()
    try await fs.write("text", to: "f")
    try await fs.link("f", to: "g")
    try await fs.link("f", to: "h")
    try await fs.drain()
    try await fs.unlink("f")
    #expect(try await fs.attributes("g").linkCount == 2)
    try await fs.drain()
    #expect(try await fs.files() == ["ns/g": "text", "ns/h": "text"])
    #expect(try await fs.sibling().attributes("g").linkCount == 2)
    try await fs.unlink("h")
    try await fs.drain()
    #expect(try await fs.files() == ["ns/g": "text"])
    #expect(try await metadata("ns/g", of: fs)["mediafs-link"] == nil)
    #expect(try await fs.sibling().attributes("g").linkCount == 1)
    try await fs.unlink("g")
    try await fs.drain()
    #expect(try await fs.files().isEmpty)
  }

  @Test func namesAreRenamedOneByOne() async throws {
    let fs = try TestVolume()
    try await fs.makeDirectory("d")
    try await fs.write("text", to: "f")
    try await fs.link("f", to: "d/g")
    try await fs.drain()
    try await fs.rename("f", to: "f2")
    try await fs.rename("d", to: "e")
    #expect(try await fs.inode("e/g") == fs.inode("f2"))
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f2": "text", "ns/e/g": "text"])
    #expect(try await fs.sibling().attributes("f2").linkCount == 2)
    try await fs.write("other", to: "x")
    try await fs.rename("x", to: "f2")
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f2": "other", "ns/e/g": "text"])
    #expect(try await fs.attributes("e/g").linkCount == 1)
  }

  @Test func nothingButTheStoreWorksForACopy() async throws {
    let fs = try TestVolume { $0.cacheSize = 1 << 20 }
    let bytes = TestVolume.pattern(100_000)
    try await fs.write("f", bytes)
    try await fs.drain()
    let other = try fs.sibling()
    fs.store.forgetCalls()
    try await other.link("f", to: "g")
    try await other.drain()
    #expect(fs.store.calls(.get).isEmpty && fs.puts().isEmpty)
    #expect(try await fs.objects() == ["ns/f": bytes, "ns/g": bytes])
  }

  @Test func anOpenFileIsReadFromAnotherObjectWhenItsOwnGoes() async throws {
    let fs = try TestVolume()
    let bytes = TestVolume.pattern(3 << 20)
    try await fs.write("f", bytes)
    try await fs.link("f", to: "g")
    try await fs.drain()
    let other = try fs.sibling()
    _ = try await other.inode("g")
    let inode = try await other.inode("f")
    #expect(try await other.inode("g") == inode)
    let handle = try await other.open("f")
    try await other.unlink("f")
    try await other.drain()
    #expect(try await fs.files().keys.sorted() == ["ns/g"])
    let part = try await other.volume.read(handle, at: 2 << 20, count: 4_096)
    #expect(part == Array(bytes[(2 << 20)..<(2 << 20) + 4_096]))
    other.volume.release(handle)
  }

  @Test func symbolicLinksHaveNamesToo() async throws {
    let fs = try TestVolume()
    let caller = Caller(owner: Owner(user: 0, group: 0))
    _ = try await fs.volume.makeSymbolicLink(
      TestVolume.name("s"), in: .root, target: "where", caller: caller)
    try await fs.link("s", to: "t")
    try await fs.drain()
    let other = try fs.sibling()
    _ = try await other.inode("s")
    #expect(try await other.inode("t") == other.inode("s"))
    #expect(try await other.volume.readSymbolicLink(other.inode("t")) == "where")
    #expect(try await other.attributes("s").linkCount == 2)
  }

  @Test func whatIsRefused() async throws {
    let fs = try TestVolume()
    try await fs.makeDirectory("d")
    try await fs.write("text", to: "f")
    await expect(.notPermitted) { try await fs.link("d", to: "e") }
    await expect(.fileExists) { try await fs.link("f", to: "d") }
    let inode = try await fs.inode("f")
    await expect(.fileNameTooLong) {
      var parent = try await fs.inode("d")
      let name = try TestVolume.name(String(repeating: "x", count: 250))
      for _ in 0..<5 {
        parent = try await fs.volume.makeDirectory(
          name, in: parent, permissions: 0o755, caller: Caller(owner: Owner(user: 0, group: 0))
        ).attributes.inode
      }
      _ = try await fs.volume.link(inode, to: TestVolume.name("x"), in: parent)
    }
    let readOnly = try TestVolume(store: fs.store) { $0.readOnly = true }
    try await fs.drain()
    await expect(.readOnlyFileSystem) { try await readOnly.link("f", to: "g") }
  }

  // MARK: Failures

  /// Whatever answer is lost, and whether or not the file changes before it is tried again: what
  /// is there is ours.
  @Test(arguments: ["ns/f", "ns/g"], [false, true])
  func lostAnswersAreRecognised(key: String, changes: Bool) async throws {
    let fs = try TestVolume()
    try await fs.write("text", to: "f")
    try await fs.drain()
    let gate = Gate()
    fs.store.inject(.holdAnswer(gate), on: .copy, key: ObjectKey(key))
    try await fs.link("f", to: "g")
    await gate.reached()
    let stopping = fs.volume
    async let crashed: Void = stopping.reconciler.stop()
    gate.open()
    await crashed
    fs.options.uploadEnabled = false
    try await fs.crash()
    if changes { try await fs.write("more text", to: "g") }
    fs.volume.setPaused(false)
    try await fs.drain()
    let text = changes ? "more text" : "text"
    #expect(try await fs.files() == ["ns/f": text, "ns/g": text])
    #expect(try await fs.names() == ["f", "g"])
    #expect(try fs.volume.status().parked.isEmpty)
  }

  @Test func aLinkMadeWhileTheFileIsSentReachesTheStore() async throws {
    let fs = try TestVolume()
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .put, key: ObjectKey("ns/f"))
    try await fs.write("text", to: "f")
    await gate.reached()
    try await fs.link("f", to: "g")
    try await fs.unlink("f")
    gate.open()
    try await fs.drain()
    #expect(try await fs.files() == ["ns/g": "text"])
    #expect(try await fs.attributes("g").linkCount == 1)
    #expect(try await fs.sibling().attributes("g").linkCount == 1)
  }

  @Test func anUnlinkWhileACopyIsMadeLeavesNothing() async throws {
    let fs = try TestVolume()
    try await fs.write("text", to: "f")
    try await fs.drain()
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .copy, key: ObjectKey("ns/g"))
    try await fs.link("f", to: "g")
    await gate.reached()
    try await fs.unlink("g")
    gate.open()
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f": "text"])
  }

  /// The object that the others are copied from, or one of those, was deleted by somebody else.
  @Test(arguments: ["ns/f", "ns/g"])
  func whatSomebodyElseHasDeletedComesBackWithAChange(key: String) async throws {
    let fs = try TestVolume()
    try await fs.write("text", to: "f")
    try await fs.link("f", to: "g")
    try await fs.drain()
    try await fs.store.delete(ObjectKey(key))
    _ = try await fs.volume.setAttributes(
      of: fs.inode("f"), AttributeChanges(permissions: 0o600), handle: nil)
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f": "text", "ns/g": "text"])
    #expect(try fs.volume.status().parked.isEmpty)
  }

  @Test func aFileWithoutANameGetsOneWhileItIsOpen() async throws {
    let fs = try TestVolume()
    try await fs.write("text", to: "f")
    let inode = try await fs.inode("f")
    let handle = try await fs.open("f", [.read, .write])
    fs.volume.setPaused(true)
    try await fs.unlink("f")
    try fs.write(Array("new text".utf8), at: 0, to: handle)
    _ = try await fs.volume.link(inode, to: TestVolume.name("g"), in: .root)
    try await fs.volume.flush(handle)
    fs.volume.release(handle)
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.read("g") == Array("new text".utf8))
    #expect(try await fs.files() == ["ns/g": "new text"])
    #expect(try await fs.attributes("g").linkCount == 1)
  }

  // MARK: Others

  @Test func whatSomebodyElseHasPutAtOneNameStays() async throws {
    let fs = try TestVolume()
    try await fs.write("ours", to: "f")
    try await fs.drain()
    _ = try await fs.store.put(
      ObjectKey("ns/g"), BytesSource(Array("theirs".utf8)), headers: ObjectHeaders(),
      condition: .none)
    try await fs.link("f", to: "g")
    try await fs.drain()
    let files = try await fs.files()
    #expect(files["ns/f"] == "ours" && files["ns/g"] == "theirs" && files.count == 3)
    #expect(files.filter { $0.value == "ours" }.count == 2)
    #expect(try await fs.read("g") == Array("theirs".utf8))
    #expect(try await fs.attributes("f").linkCount == 2)
    #expect(try fs.volume.status().parked.isEmpty)
  }

  @Test(arguments: ["ns/f", "ns/g"])
  func aWriteAndAForeignChangeOfOneNameKeepBoth(key: String) async throws {
    let fs = try TestVolume()
    try await fs.write("old", to: "f")
    try await fs.link("f", to: "g")
    try await fs.drain()
    _ = try await fs.store.put(
      ObjectKey(key), BytesSource(Array("theirs".utf8)), headers: ObjectHeaders(),
      condition: .none)
    try await fs.write("ours", to: "f")
    try await fs.drain()
    let files = try await fs.files()
    #expect(files.values.sorted() == ["ours", "ours", "theirs"])
    #expect(files[key] == "theirs")
  }

  @Test(arguments: ["f", "g"])
  func aForeignChangeOfOneNameSeparatesIt(name: String) async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    try await fs.write("old", to: "f")
    try await fs.link("f", to: "g")
    try await fs.drain()
    _ = try await fs.store.put(
      ObjectKey("ns/" + name), BytesSource(Array("theirs".utf8)), headers: ObjectHeaders(),
      condition: .none)
    let left = name == "f" ? "g" : "f"
    #expect(try await fs.read(name) == Array("theirs".utf8))
    #expect(try await fs.read(left) == Array("old".utf8))
    #expect(try await fs.attributes(left).linkCount == 1)
    try await fs.drain()
    #expect(try await fs.files() == ["ns/" + name: "theirs", "ns/" + left: "old"])
  }

  /// It was made one with another inode between the lookup and the open.
  @Test func anInodeThatIsNoMoreIsLookedUpAgain() async throws {
    let fs = try TestVolume()
    let gone = InodeNumber(4_711)
    await expectError(.staleNFSFileHandle) { _ = try await fs.volume.open(gone, [.read]) }
    await expectError(.staleNFSFileHandle) {
      _ = try fs.volume.context.registry.acquire(gone, asHandle: true)
    }
  }

  @Test func anotherHostsChangeShowsUnderAllNames() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    try await fs.write("old", to: "f")
    try await fs.link("f", to: "g")
    try await fs.drain()
    let other = try fs.sibling()
    _ = try await other.inode("f")
    _ = try await other.inode("g")
    try await other.write("new and longer", to: "g")
    try await other.drain()
    #expect(try await fs.read("f") == Array("new and longer".utf8))
    #expect(try await fs.read("g") == Array("new and longer".utf8))
    _ = try await fs.inode("f")
    #expect(try await fs.inode("g") == fs.inode("f"))
    #expect(try await fs.attributes("g").linkCount == 2)
  }
}

extension TestVolume {
  @discardableResult
  func link(_ path: String, to newPath: String) async throws -> Entry {
    var parts = newPath.split(separator: "/")
    guard let name = parts.popLast() else { throw Errno.invalidArgument }
    return try await volume.link(
      inode(path), to: Self.name(name), in: inode(parts.joined(separator: "/")))
  }
}
