import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import SystemPackage
import Testing

/// Content that the store makes itself, and files without names.
@Suite struct CopyTests {
  private static let aside = TestCatalog.object(".mediafs/copy-1", "e2", size: 50)

  /// An empty file that is at rest, with a content file.
  private func makeEmpty(_ test: TestCatalog, _ path: String) throws -> InodeRecord {
    try test.make(path)
    _ = try test.catalog.allocateContent(test.record(path).number)
    return try test.record(path)
  }

  @Test func anAdoptedObjectIsCleanAndWaitsToBeMoved() throws {
    let test = try TestCatalog()
    let file = try makeEmpty(test, "f")
    try test.catalog.expect(Self.aside.key, until: TestCatalog.at(9_000), at: test.now)
    #expect(try test.catalog.tombstone(at: Self.aside.key) != nil)
    let adopted = try #require(
      try test.catalog.adopt(Self.aside, as: file.number, content: file.content, at: test.now))
    #expect(adopted.object == Self.aside)
    #expect([adopted.size, adopted.baseSize] == [50, 50])
    #expect(!adopted.isContentDirty)
    #expect(adopted.version > file.version)
    #expect(try test.catalog.tombstone(at: Self.aside.key) == nil)
    #expect(try test.catalog.item(of: file.number) != nil)
    #expect(try test.catalog.usage() == 0)
  }

  @Test func theObjectThatWasThereIsBuriedButNotBeforeTheMove() throws {
    let test = try TestCatalog()
    try test.makeClean("f", "old")
    let record = try test.record("f")
    let content = try test.catalog.allocateContent(record.number).content
    _ = try test.catalog.truncate(record.number, to: 0, at: test.now)
    let state = ContentState(size: 0, modified: test.now)
    try test.catalog.settle(record.number, state, at: test.now)
    _ = try #require(
      try test.catalog.adopt(Self.aside, as: record.number, content: content, at: test.now))
    let buried = try #require(try test.catalog.tombstone(at: ObjectKey("f")))
    #expect(buried.etag == ETag("old"))
    let item = try #require(try test.catalog.item(of: record.number))
    let early = item.due.advanced(by: .seconds(-1))
    #expect(try test.catalog.dueTombstones(by: early, limit: 9, excluding: []).isEmpty)
  }

  @Test func onlyAnEmptyFileAtRestAdopts() throws {
    let test = try TestCatalog()
    let file = try makeEmpty(test, "f")
    _ = try test.catalog.beginWriting(file.number, at: test.now)
    #expect(
      try test.catalog.adopt(Self.aside, as: file.number, content: file.content, at: test.now)
        == nil)
    try test.write("f", size: 3)
    #expect(
      try test.catalog.adopt(Self.aside, as: file.number, content: file.content, at: test.now)
        == nil)
    #expect(
      try test.catalog.adopt(
        Self.aside, as: file.number, content: ContentNumber(99), at: test.now) == nil)
    #expect(try test.record("f").size == 3)
  }

  @Test func aCopyIsRememberedForItsVersionOnly() throws {
    let test = try TestCatalog()
    try test.make("f")
    let version = try test.write("f", size: 10).version
    let copied = CopiedContent(key: ObjectKey("a"), etag: ETag("e"), version: version)
    try test.catalog.remember(copied, of: test.record("f").number)
    #expect(try test.record("f").copied == copied)
    try test.catalog.forgetCopy(of: test.record("f").number)
    #expect(try test.record("f").copied == nil)
    try test.write("f", size: 11)
    try test.catalog.remember(copied, of: test.record("f").number)
    #expect(try test.record("f").copied == nil)
  }

  @Test func aFileWithoutNameIsNotQueuedAndFoundByTheNextStart() throws {
    let test = try TestCatalog()
    let new = NewInode(kind: .regular, permissions: 0o600, owner: Owner(user: 1, group: 2))
    let record = try test.catalog.createTemporary(new, in: .root, at: test.now)
    #expect(record.linkCount == 0)
    _ = try test.catalog.beginWriting(record.number, at: test.now)
    let state = ContentState(size: 5, modified: test.now)
    try test.catalog.settle(record.number, state, at: test.now)
    #expect(try test.catalog.item(of: record.number) == nil)
    #expect(try test.catalog.enqueueStrays(at: test.now) == 0)
    #expect(try test.list().isEmpty)
    try test.reopen()
    #expect(try test.catalog.orphans() == [record.number])
    expectRefused(.notDirectory) {
      let file = try test.make("f").number
      _ = try test.catalog.createTemporary(new, in: file, at: test.now)
    }
  }

  @Test func aReadCostsTheStoreNothing() throws {
    let test = try TestCatalog()
    let before = try test.makeClean("f")
    test.advance(5)
    try test.catalog.noteAccess(to: before.number, at: test.now)
    let after = try test.record("f")
    #expect(after.accessed == test.now)
    #expect(after.changed == before.changed)
    #expect(!after.isAttributeDirty)
    #expect(try test.catalog.item(of: before.number) == nil)
  }
}
