import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// Directories that are renamed before anybody has looked into them.
@Suite struct TreeRenameTests {
  /// A volume on a store that has `keys`, each with itself as its text, and a listed root.
  private func volume(
    _ keys: String..., configure: (inout VolumeOptions) -> Void = { _ in }
  ) async throws -> TestVolume {
    let fs = try TestVolume(configure: configure)
    for key in keys { try await fs.put(key, at: key) }
    _ = try await fs.names()
    fs.store.forgetCalls()
    return fs
  }

  @Test func itAsksTheStoreNothing() async throws {
    let fs = try await volume("a/f", "a/s/g", "a/s/t/h") { $0.uploadEnabled = false }
    fs.store.outage = .connectionLost
    fs.store.forgetCalls()
    try await fs.rename("a", to: "b")
    #expect(fs.store.calls.filter { $0.operation != .list || $0.key.text != "ns/" }.isEmpty)
    fs.store.outage = nil
    #expect(try await fs.names() == ["b"])
    #expect(try await fs.read("b/s/t/h") == Array("a/s/t/h".utf8))
    try await fs.rename("b/s", to: "s")
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(fs.store.calls(.get).count == 1)
    #expect(
      try await fs.files() == ["ns/b/f": "a/f", "ns/s/g": "a/s/g", "ns/s/t/h": "a/s/t/h"])
  }

  @Test func whatNobodyHasLookedAtMovesAsItIs() async throws {
    let fs = try TestVolume()
    try await fs.put("x", at: "d/s/f", metadata: ["mode": "33216", "color": "blue"])
    try await fs.put("", at: "d/", metadata: ["mode": "16832", "uid": "7"])
    _ = try await fs.names()
    try await fs.rename("d", to: "e")
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/e/s/f": "x", "ns/e/": ""])
    let head = try await fs.store.head(ObjectKey("ns/e/s/f"))
    #expect(head.headers.metadata == ["mode": "33216", "color": "blue"])
    #expect(try await fs.attributes("e").mode == 16_832)
    #expect(try await fs.sibling().attributes("e").owner.user == 7)
  }

  @Test func renamedTwiceOrBackItEndsWhereItIs() async throws {
    let fs = try await volume("a/s/f", "keep/f") { $0.uploadEnabled = false }
    try await fs.rename("a", to: "b")
    try await fs.rename("b", to: "c")
    #expect(try await fs.names("c/s") == ["f"])
    try await fs.rename("keep", to: "gone")
    try await fs.rename("gone", to: "keep")
    fs.store.forgetCalls()
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.files() == ["ns/c/s/f": "a/s/f", "ns/keep/f": "keep/f"])
    #expect(fs.copies() == ["ns/c/s/f"])
  }

  @Test func treesThatChangePlacesConverge() async throws {
    let fs = try await volume("a/f", "a/s/g", "p/b/f", "p/b/h")
    try await fs.rename("a", to: "p/b", .exchange)
    #expect(try await fs.read("a/h") == Array("p/b/h".utf8))
    try await fs.drain()
    let files = try await fs.files()
    #expect(
      files == [
        "ns/a/f": "p/b/f", "ns/a/h": "p/b/h", "ns/p/b/f": "a/f", "ns/p/b/s/g": "a/s/g",
      ])
  }

  /// `mv d d.old; mkdir d; cp … d`: what is new has the keys of what was not looked at.
  @Test(arguments: [true, false])
  func aNewTreeOfTheOldNameIsNoConflict(storeChecks: Bool) async throws {
    let fs = try await volume("d/f", "d/s/g") { $0.uploadEnabled = false }
    if !storeChecks { fs.store.conditions = .ignored }
    try await fs.rename("d", to: "d.old")
    try await fs.makeDirectory("d")
    try await fs.makeDirectory("d/s")
    try await fs.write("new f", to: "d/f")
    try await fs.write("new g", to: "d/s/g")
    #expect(try await fs.names("d") == ["f", "s"])
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(
      try await fs.files() == [
        "ns/d.old/f": "d/f", "ns/d.old/s/g": "d/s/g", "ns/d/f": "new f", "ns/d/s/g": "new g",
      ])
    #expect(fs.volume.context.statistics.conflicts.count == 0)
  }

  /// What is new waits until it is known what lies at its key.
  @Test func nothingIsWrittenWhereAMovingTreeMayHaveSomething() async throws {
    let fs = try await volume("d/f") { $0.uploadEnabled = false }
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .list, key: ObjectKey("ns/d/"))
    try await fs.rename("d", to: "d.old")
    try await fs.makeDirectory("d")
    try await fs.write("new", to: "d/f")
    fs.volume.setPaused(false)
    await gate.reached()
    try await fs.proveThatUploadsGoOn()
    #expect(fs.puts().allSatisfy { $0.key != ObjectKey("ns/d/f") })
    gate.open()
    try await fs.drain()
    #expect(try await fs.names() == ["d", "d.old", "other"])
    #expect(try await fs.files()["ns/d/f"] == "new")
    #expect(try await fs.files()["ns/d.old/f"] == "d/f")
    #expect(fs.volume.context.statistics.conflicts.count == 0)
  }

  @Test func theMarkerOfAnInnerDirectoryThatWasChangedFollows() async throws {
    let fs = try await volume("a/s/", "a/s/f") { $0.uploadEnabled = false }
    let changes = AttributeChanges(permissions: 0o711)
    _ = try await fs.volume.setAttributes(of: fs.inode("a/s"), changes, handle: nil)
    try await fs.rename("a", to: "b")
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .list, key: ObjectKey("ns/a/s/"))
    fs.volume.setPaused(false)
    await gate.reached()
    try await fs.proveThatUploadsGoOn()
    gate.open()
    try await fs.drain()
    #expect(Set(try await fs.texts().keys) == ["ns/b/s/", "ns/b/s/f", "ns/other"])
    #expect(try await fs.sibling().attributes("b/s").permissions == 0o711)
  }

  @Test(arguments: [["e/"], ["e/", "e/f"], ["e/", "e/e/"]])
  func theMarkerOfAnInnerDirectoryThatNobodyHasReadFollows(_ inner: [String]) async throws {
    let fs = try await volume("d/f")
    for path in inner { try await fs.put("", at: "d/" + path, metadata: ["mode": "16841"]) }
    try await fs.rename("d", to: "t")
    try await fs.drain()
    #expect(Set(try await fs.texts().keys) == Set((inner + ["f"]).map { "ns/t/" + $0 }))
    #expect(try await fs.sibling().attributes("t/e").permissions == 0o711)
  }

  @Test func whatComesAndGoesInItMeanwhile() async throws {
    let fs = try await volume("a/f", "a/s/g", "a/s/h", "c/f") { $0.uploadEnabled = false }
    try await fs.rename("a", to: "b")
    try await fs.unlink("b/s/g")
    try await fs.write("new", to: "b/s/new")
    try await fs.makeDirectory("b/made")
    try await fs.rename("c", to: "b/s/c")
    try await fs.rename("b/f", to: "f")
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(
      try await fs.texts().filter { !$0.value.isEmpty } == [
        "ns/f": "a/f", "ns/b/s/h": "a/s/h", "ns/b/s/new": "new", "ns/b/s/c/f": "c/f",
      ])
    #expect(try await fs.texts()["ns/b/made/"] == "")
    #expect(try await fs.sibling().names() == ["b", "f"])
  }

  @Test func renamedAndRemovedItIsGone() async throws {
    let fs = try await volume("a/s/f") { $0.uploadEnabled = false }
    try await fs.rename("a", to: "b")
    await #expect(throws: FileSystemError.self) { try await fs.removeDirectory("b") }
    try await fs.unlink("b/s/f")
    try await fs.removeDirectory("b/s")
    try await fs.removeDirectory("b")
    #expect(try await fs.names().isEmpty)
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.texts().isEmpty)
  }

  @Test func aDirectoryThatOnlyTheStoreKnowsToBeFullIsNotReplaced() async throws {
    let fs = try await volume("a/s/f", "full/s/f", "empty/") { $0.uploadEnabled = false }
    fs.store.forgetCalls()
    let error = await #expect(throws: FileSystemError.self) {
      try await fs.rename("a", to: "full")
    }
    #expect(error?.errno == .directoryNotEmpty)
    #expect(fs.store.calls.map(\.key.text) == ["ns/full/"])
    try await fs.rename("a", to: "empty")
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.files() == ["ns/empty/s/f": "a/s/f", "ns/full/s/f": "full/s/f"])
  }

  @Test func keysThatBecomeTooLongStayAndAreParked() async throws {
    let deep = String(repeating: "x", count: 200)
    let fs = try await volume("a/\(deep)/\(deep)/\(deep)/\(deep)/f", "a/g")
    let long = String(repeating: "y", count: 250)
    try await fs.rename("a", to: long)
    await #expect(throws: FileSystemError.self) { try await fs.drain() }
    #expect(try fs.volume.status().parked.map(\.error).allSatisfy { $0.contains("KeyTooLong") })
    #expect(try await fs.files().count == 2)
    #expect(try await fs.files()["ns/\(long)/g"] == "a/g")
    #expect(fs.copies() == ["ns/\(long)/g"])
    let path = "\(long)/\(deep)/\(deep)/\(deep)/\(deep)/f"
    #expect(try await fs.read(path).count > 800)
    // Nor does it come back under its old name.
    #expect(try await fs.names() == [long])
    try await fs.rename(long, to: "b")
    try await fs.drain()
    #expect(Set(try await fs.files().keys) == ["ns/b/g", "ns/b/\(deep)/\(deep)/\(deep)/\(deep)/f"])
  }

  @Test func aDirectoryWhoseOwnKeyIsTooLongIsRefused() async throws {
    let deep = String(repeating: "x", count: 255)
    let fs = try await volume("\(deep)/\(deep)/\(deep)/f", "a/f", "g")
    // With the prefix 1,024 bytes, as long as a file's may be; a marker has a slash more.
    let name = String(repeating: "y", count: 253)
    let error = await #expect(throws: FileSystemError.self) {
      try await fs.rename("a", to: "\(deep)/\(deep)/\(deep)/\(name)")
    }
    #expect(error?.errno == .fileNameTooLong)
    try await fs.rename("g", to: "\(deep)/\(deep)/\(deep)/\(name)")
  }

  @Test func aDirectoryWhoseKnownFilesHaveKeysTooLongIsRefused() async throws {
    let deep = String(repeating: "x", count: 200)
    let fs = try await volume("a/\(deep)/\(deep)/\(deep)/\(deep)/f", "b")
    for path in ["a", "a/\(deep)", "a/\(deep)/\(deep)", "a/\(deep)/\(deep)/\(deep)"] {
      _ = try await fs.names(path)
    }
    _ = try await fs.names("a/\(deep)/\(deep)/\(deep)/\(deep)")
    // "ns/", four directories, "/f" and the new name: 1,024 bytes, and one more.
    let room = 1_024 - 3 - 4 * 201 - 2
    for mode in [RenameMode.replace, .exchange] {
      let error = await #expect(throws: FileSystemError.self) {
        let target = String(repeating: "y", count: room + 1)
        if mode == .exchange { try await fs.write("", to: target) }
        try await fs.rename("a", to: target, mode)
      }
      #expect(error?.errno == .fileNameTooLong)
    }
    try await fs.rename("a", to: String(repeating: "y", count: room))
  }

  @Test func aListingUnderWayDuringARenameIsTakenFromTheNewPlace() async throws {
    let fs = try await volume("a/f", "p/g") { $0.uploadEnabled = false }
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .list, key: ObjectKey("ns/p/"))
    let inode = try await fs.inode("p")
    let volume = fs.volume
    async let opened = volume.openDirectory(inode)
    await gate.reached()
    try await fs.rename("p", to: "q")
    gate.open()
    volume.releaseDirectory(try await opened.handle)
    #expect(try await fs.names("q") == ["g"])
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.files() == ["ns/a/f": "a/f", "ns/q/g": "p/g"])
  }

  @Test(arguments: ["ns/a/", "ns/a/s/", "ns/a/s/t/"])
  func aCrashInTheExpansionRepeatsIt(prefix: String) async throws {
    let fs = try await volume("a/f", "a/s/g", "a/s/t/h", "a/s/t/i")
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .list, key: ObjectKey(prefix))
    try await fs.rename("a", to: "b")
    await gate.reached()
    try await fs.crash()
    try await fs.drain()
    #expect(
      try await fs.files() == [
        "ns/b/f": "a/f", "ns/b/s/g": "a/s/g", "ns/b/s/t/h": "a/s/t/h", "ns/b/s/t/i": "a/s/t/i",
      ])
    #expect(try await fs.names() == ["b"])
    gate.open()
  }

  @Test(arguments: [(StoreOperation.copy, "ns/b/f"), (.delete, "ns/a/f")])
  func aCrashInTheMoveRepeatsIt(operation: StoreOperation, key: String) async throws {
    let fs = try await volume("a/f")
    let gate = Gate()
    fs.store.inject(.holdAnswer(gate), on: operation, key: ObjectKey(key))
    try await fs.rename("a", to: "b")
    await gate.reached()
    let dying = fs.volume
    async let stopped: Void = dying.reconciler.stop()
    gate.open()
    await stopped
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.files() == ["ns/b/f": "a/f"])
    #expect(try await fs.names("b") == ["f"])
  }

  @Test func aMarkerFollowsThoughItsDirectoryWasChangedFirst() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.put("d/f", at: "d/f")
    try await fs.put("", at: "d/", metadata: ["mode": "16832"])
    let changes = AttributeChanges(permissions: 0o711)
    _ = try await fs.volume.setAttributes(of: fs.inode("d"), changes, handle: nil)
    try await fs.rename("d", to: "e")
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/e/": "", "ns/e/f": "d/f"])
    #expect(try await fs.sibling().attributes("e").permissions == 0o711)
  }

  @Test func whatOthersPutUnderTheOldNameAfterwardsIsANewDirectory() async throws {
    let fs = try await volume("a/f") { $0.metadataTTL = .zero }
    try await fs.rename("a", to: "b")
    try await fs.drain()
    try await fs.put("theirs", at: "a/new")
    #expect(try await fs.names() == ["a", "b"])
    #expect(try await fs.read("a/new") == Array("theirs".utf8))
    #expect(try await fs.names("b") == ["f"])
  }
}

extension TestVolume {
  /// Writes files, one after the other, and returns when the store was sent each: what was due
  /// before them had every chance to be sent too.
  func proveThatUploadsGoOn() async throws {
    for round in 0..<8 {
      try await write("\(round)", to: "other")
      try await volume.flush(beneath: "other")
    }
  }

  /// The targets of copies, without those of probes.
  func copies() -> [String] {
    let keySpace = KeySpace(prefix: options.keyPrefix)
    return store.calls(.copy).map(\.key).filter { !keySpace.isReserved($0) }.map(\.text)
  }

  /// What somebody else puts there.
  func put(_ text: String, at path: String, metadata: [String: String] = [:]) async throws {
    _ = try await store.put(
      ObjectKey(options.keyPrefix + path), BytesSource(Array(text.utf8)),
      headers: ObjectHeaders(metadata: metadata), condition: .none)
  }
}
