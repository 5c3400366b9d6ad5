import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import SystemPackage
import Testing

@Suite struct NameTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  @Test func aNewInodeIsDirtyQueuedAndCounted() throws {
    let made = try test.make("f")
    #expect(made.linkCount == 1)
    #expect(made.permissions == 0o640)
    #expect(made.owner == Owner(user: 5, group: 6))
    #expect(made.isContentDirty && made.isAttributeDirty && made.attributesKnown)
    #expect(made.object == nil)
    #expect(try test.catalog.item(of: made.number)?.since == test.now)
    #expect(try test.catalog.path(of: made.number) == TestCatalog.names("f"))
    #expect(try test.catalog.parent(of: made.number) == .root)
    #expect(try test.catalog.inodeCount() == 2)
    let root = try test.record("")
    #expect(root.modified == test.now && root.linkCount == 2)
  }

  @Test func aDirectoryCountsInItsParent() throws {
    try test.make("d", .directory)
    try test.make("d/e", .directory)
    #expect(try test.record("").linkCount == 3)
    #expect(try test.record("d").linkCount == 3)
    #expect(try test.record("d/e").linkCount == 2)
    #expect(try test.record("d/e").listed == test.now)
    try test.removeDirectory("d/e")
    #expect(try test.record("d").linkCount == 2)
  }

  @Test func aSymbolicLinkHasItsTarget() throws {
    let link = try test.make("l", .symbolicLink)
    #expect(link.kind == .symbolicLink && link.target == "target" && link.size == 6)
  }

  @Test(arguments: [FileKind.regular, .directory])
  func aTakenNameIsRefused(kind: FileKind) throws {
    try test.make("f")
    try test.make("d", .directory)
    expectRefused(.fileExists) { try test.make("f", kind) }
    expectRefused(.fileExists) { try test.make("d", kind) }
    #expect(try test.list() == ["f", "d"])
  }

  @Test func onlyADirectoryHoldsNames() throws {
    try test.make("f")
    expectRefused(.notDirectory) { try test.make("f/x") }
    let directory = try test.make("d", .directory)
    try test.removeDirectory("d")
    expectRefused(.noSuchFileOrDirectory) {
      _ = try test.catalog.create(
        NewInode(kind: .regular, permissions: 0, owner: Owner(user: 0, group: 0)),
        named: TestCatalog.name("x"), in: directory.number, at: test.now)
    }
  }

  @Test func unlinkTakesTheQueueRowAlongAndBuriesTheObject() throws {
    let file = try test.makeClean("f")
    try test.write("f", size: 20)
    #expect(try test.catalog.item(of: file.number) != nil)
    let removed = try test.unlink("f")
    #expect(removed.number == file.number)
    #expect(try test.find("f") == nil)
    #expect(try test.catalog.inode(file.number) == nil)
    #expect(try test.catalog.item(of: file.number) == nil)
    #expect(try test.catalog.tombstone(at: ObjectKey("f"))?.etag == ETag("e"))
    #expect(try test.catalog.condemned(limit: 9) == [file.content])
    #expect(try test.catalog.usage() == 0)
  }

  @Test func unlinkOfWhatTheStoreNeverSawLeavesNothing() throws {
    try test.make("f")
    try test.unlink("f")
    #expect(try test.catalog.nextDue() == nil)
    #expect(try test.catalog.inodeCount() == 1)
  }

  @Test func anOpenFileLivesOnWithoutAName() throws {
    let file = try test.makeClean("f")
    test.open = [file.number]
    try test.unlink("f")
    let orphan = try #require(try test.catalog.inode(file.number))
    #expect(orphan.linkCount == 0 && orphan.object == nil && orphan.content == file.content)
    #expect(try test.catalog.orphans() == [file.number])
    #expect(try test.catalog.path(of: file.number) == nil)
    // Written to on and on: nothing is queued that has no name.
    _ = try test.catalog.beginWriting(file.number, at: test.now)
    #expect(try test.catalog.item(of: file.number) == nil)
    #expect(try test.catalog.eraseIfOrphan(file.number)?.number == file.number)
    #expect(try test.catalog.inode(file.number) == nil)
    #expect(try test.catalog.condemned(limit: 9) == [file.content])
  }

  @Test func whatHasANameIsNoOrphan() throws {
    let file = try test.make("f")
    #expect(try test.catalog.eraseIfOrphan(file.number) == nil)
    #expect(try test.find("f") != nil)
  }

  @Test func unlinkAndRemoveDirectoryTellKindsApart() throws {
    try test.make("f")
    try test.make("d", .directory)
    expectRefused(.isDirectory) { try test.unlink("d") }
    expectRefused(.notDirectory) { try test.removeDirectory("f") }
    expectRefused(.noSuchFileOrDirectory) { try test.unlink("x") }
    expectRefused(.noSuchFileOrDirectory) { try test.removeDirectory("x") }
    try test.make("d/f")
    expectRefused(.directoryNotEmpty) { try test.removeDirectory("d") }
    #expect(try test.list() == ["f", "d"])
  }

  @Test func aDirectoryThatLosesItsLastEntryIsQueuedForAMarker() throws {
    let directory = try test.make("d", .directory)
    try test.makeClean("d/f")
    try #require(
      try test.catalog.finish(test.record("d"), paths: [TestCatalog.names("d")], at: test.now))
    #expect(try test.catalog.item(of: directory.number) == nil)
    try test.unlink("d/f")
    #expect(try test.catalog.item(of: directory.number) != nil)
  }

  /// "é" composed and decomposed: `String` takes them for equal, filesystems and S3 do not.
  @Test func namesThatDifferOnlyInNormalisationAreTwo() throws {
    let composed = try test.make("\u{e9}")
    let decomposed = try test.make("e\u{301}")
    #expect(composed.number != decomposed.number)
    #expect(try test.list().map { Array($0.utf8) } == [[0xC3, 0xA9], [0x65, 0xCC, 0x81]])
    #expect(try test.record("\u{e9}").number == composed.number)
    #expect(try test.record("e\u{301}").number == decomposed.number)
    try test.unlink("\u{e9}")
    #expect(try test.record("e\u{301}").number == decomposed.number)
  }

  @Test func numbersAreNeverUsedAgain() throws {
    let first = try test.make("f").number
    try test.unlink("f")
    #expect(try test.make("f").number > first)
  }
}
