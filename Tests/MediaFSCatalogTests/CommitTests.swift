import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

@Suite struct CommitTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  private func finish(_ seen: InodeRecord, _ path: String) throws -> Bool {
    try test.catalog.finish(seen, paths: [TestCatalog.names(path)], at: test.now)
  }

  @Test func aFileThatWasUploadedIsCleanAndCached() throws {
    try test.make("f")
    let seen = try test.write("f", size: 30)
    test.advance(3)
    let after = try #require(try test.commit(seen, at: "f", "one"))
    #expect(!after.isContentDirty && !after.isAttributeDirty)
    #expect(after.object == TestCatalog.object("f", "one", size: 30))
    #expect(after.baseSize == 30 && after.committedAt == test.now)
    #expect(try test.catalog.extents(of: after.content) == ByteRangeSet(0..<30))
    #expect(try test.catalog.item(of: after.number) != nil)
    #expect(try finish(after, "f"))
    #expect(try test.catalog.item(of: after.number) == nil)
  }

  @Test func aNewerVersionStaysDirtyAndQueued() throws {
    try test.make("f")
    let seen = try test.write("f", size: 30)
    try test.write("f", size: 50)
    let after = try #require(try test.commit(seen, at: "f", "one"))
    #expect(after.isContentDirty && !after.isAttributeDirty)
    #expect(after.object?.etag == ETag("one"))
    #expect(after.baseSize == 0)
    #expect(try test.catalog.extents(of: after.content).isEmpty)
    #expect(!(try finish(seen, "f")))
    #expect(try test.catalog.item(of: seen.number) != nil)
  }

  @Test func newerAttributesStayDirtyToo() throws {
    try test.make("f")
    let seen = try test.write("f", size: 30)
    let changes = AttributeChanges(permissions: 0o600)
    _ = try test.catalog.setAttributes(of: seen.number, changes, at: test.now)
    let after = try #require(try test.commit(seen, at: "f"))
    #expect(!after.isContentDirty && after.isAttributeDirty)
    #expect(!(try finish(seen, "f")))
  }

  @Test func aCommitOfADeletedInodeBuriesTheObject() throws {
    try test.make("f")
    let seen = try test.write("f", size: 30)
    try test.unlink("f")
    #expect(try test.commit(seen, at: "f", "late") == nil)
    #expect(try test.catalog.tombstone(at: ObjectKey("f"))?.etag == ETag("late"))
    #expect(try test.catalog.dueTombstones(by: test.now, limit: 1, excluding: []).count == 1)
  }

  @Test func aCommitOfAnOrphanBuriesTheObject() throws {
    try test.make("f")
    let seen = try test.write("f", size: 30)
    test.open = [seen.number]
    try test.unlink("f")
    #expect(try test.commit(seen, at: "f", "late") == nil)
    #expect(try test.catalog.tombstone(at: ObjectKey("f")) != nil)
    #expect(try test.catalog.inode(seen.number)?.object == nil)
  }

  @Test func aCommitAtAnotherKeyBuriesTheOld() throws {
    let file = try test.makeClean("f", "one")
    try test.rename("f", to: "g")
    let after = try #require(try test.commit(test.record("g"), at: "g", "two"))
    #expect(after.object == TestCatalog.object("g", "two", size: 10))
    #expect(try test.catalog.tombstone(at: ObjectKey("f"))?.etag == ETag("one"))
    #expect(try test.catalog.dueTombstones(by: test.now, limit: 1, excluding: []).count == 1)
    // The bytes are still those that are cached.
    #expect(try test.catalog.extents(of: file.content) == ByteRangeSet(0..<10))
  }

  @Test func overwritingItsOwnKeyBuriesNothing() throws {
    try test.makeClean("f", "one")
    try test.write("f", size: 20)
    try test.upload("f", "two")
    #expect(try test.catalog.tombstone(at: ObjectKey("f")) == nil)
  }

  @Test func finishingWaitsForTheRightPath() throws {
    try test.makeClean("f")
    try test.rename("f", to: "g")
    let seen = try test.record("g")
    #expect(!(try finish(seen, "f")))
    #expect(try test.catalog.item(of: seen.number) != nil)
    #expect(try finish(seen, "g"))
    #expect(try test.catalog.item(of: seen.number) == nil)
  }

  @Test func finishingWaitsForTheDescendants() throws {
    let directory = try test.make("d", .directory)
    try test.rename("d", to: "e")
    let seen = try test.record("e")
    #expect(!(try finish(seen, "e")))
    try test.catalog.expanded(#require(try test.catalog.item(of: directory.number)))
    #expect(try finish(seen, "e"))
  }

  @Test func aDirectoryWithoutAMarkerBecomesClean() throws {
    try test.make("d", .directory)
    let seen = try test.record("d")
    #expect(seen.isAttributeDirty)
    #expect(try finish(seen, "d"))
    let after = try test.record("d")
    #expect(!after.isAttributeDirty && !after.isContentDirty && after.object == nil)
    #expect(try test.catalog.enqueueStrays(at: test.now) == 0)
  }

  /// It was found to need no marker while it still held a file.
  @Test func aDirectoryThatWasEmptiedMeanwhileStaysQueued() throws {
    let directory = try test.make("d", .directory)
    try test.make("d/f")
    try test.unlink("d/f")
    let needsNone = { (_: Placement, isEmpty: Bool) in !isEmpty }
    #expect(!(try test.catalog.finish(directory.number, at: test.now, where: needsNone)))
    #expect(try test.catalog.item(of: directory.number) != nil)
  }

  @Test func finishingWhatIsGoneLeavesNoRow() throws {
    let seen = try test.make("f")
    try test.unlink("f")
    #expect(try finish(seen, "f"))
  }

  @Test func anEmptyFileIsCleanWithoutExtents() throws {
    try test.make("f")
    let after = try test.upload("f")
    #expect(!after.isContentDirty && after.baseSize == 0)
    #expect(try test.catalog.usage() == 0)
  }

  @Test func settingAsideGivesAnotherNameAndNoObject() throws {
    try test.make("d", .directory)
    let file = try test.makeClean("d/f")
    try test.catalog.setAside(
      file.number, TestCatalog.name("f"), in: test.record("d").number,
      as: TestCatalog.name("f (conflict)"), from: ObjectKey("d/f"), at: test.now)
    #expect(try test.list("d") == ["f (conflict)"])
    #expect(try test.record("d/f (conflict)").object == nil)
    // Still known, but to be listed again.
    #expect(try test.record("d").listed == .epoch)
    #expect(try test.catalog.item(of: file.number) != nil)
  }

  @Test(arguments: [false, true])
  func relocationOfADeletedFileLeavesNothingBehind(isOpen: Bool) throws {
    let file = try test.makeClean("f", "one")
    if isOpen { test.open = [file.number] }
    let elsewhere = TestCatalog.object(".mediafs/1", "two", size: 10)
    try test.catalog.expect(elsewhere.key, until: test.now, at: test.now)
    try test.unlink("f")
    try test.catalog.relocate(file.number, to: elsewhere, at: test.now)
    #expect(try test.catalog.inode(file.number)?.object == nil)
    #expect(try test.catalog.tombstone(at: elsewhere.key) != nil)
  }

  @Test func relocationRemembersBothPlaces() throws {
    let file = try test.makeClean("f", "one")
    let elsewhere = TestCatalog.object(".mediafs/1", "two", size: 10)
    try test.catalog.relocate(file.number, to: elsewhere, at: test.now)
    #expect(try test.record("f").object == elsewhere)
    #expect(try test.catalog.tombstone(at: ObjectKey("f"))?.etag == ETag("one"))
    #expect(try test.catalog.occupant(of: elsewhere.key, besides: .root)?.number == file.number)
    #expect(try test.catalog.occupant(of: elsewhere.key, besides: file.number) == nil)
  }
}
