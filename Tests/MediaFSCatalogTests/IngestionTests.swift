import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

/// What a listing brings in when nothing is under way here.
@Suite struct IngestionTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  @Test func newObjectsAppear() throws {
    let outcome = try test.ingest(etags: ["f": "one"], directories: ["d"])
    #expect(Set(outcome.added) == [try TestCatalog.name("f"), try TestCatalog.name("d")])
    let file = try test.record("f")
    #expect(file.kind == .regular && file.size == 10 && file.baseSize == 10)
    #expect(file.object == TestCatalog.object("f", "one", size: 10))
    #expect(file.modified == TestCatalog.at(77) && !file.attributesKnown)
    #expect(!file.isContentDirty && !file.isAttributeDirty && file.content == .none)
    let directory = try test.record("d")
    #expect(directory.kind == .directory && directory.linkCount == 2 && directory.listed == nil)
    #expect(try test.record("").linkCount == 3)
    #expect(try test.record("").listed == test.now)
    #expect(try test.catalog.nextDue() == nil)
  }

  @Test func theSameListingAgainChangesNothing() throws {
    try test.ingest(etags: ["f": "one"], directories: ["d"])
    let before = [try test.record("f"), try test.record("d")]
    test.advance(60)
    let outcome = try test.ingest(etags: ["f": "one"], directories: ["d"])
    #expect(outcome.added.isEmpty && outcome.changed.isEmpty && outcome.removed.isEmpty)
    #expect([try test.record("f"), try test.record("d")] == before)
    #expect(try test.record("").listed == test.now)
  }

  @Test func aChangedObjectReplacesWhatIsCached() throws {
    var before = try test.makeClean("f", "one")
    before.heldBytes = before.size
    test.advance(1)
    let outcome = try test.ingest(
      files: ["f": TestCatalog.object("f", "two", size: 99)])
    #expect(outcome.removed.map(\.inode.number) == [before.number])
    #expect(outcome.removed.map(\.inode.heldBytes) == [10])
    let after = try test.record("f")
    // Of the old one the kernel may have pages.
    #expect(after.number != before.number && after.object?.etag == ETag("two"))
    #expect(try test.catalog.inode(before.number) == nil)
    #expect(after.size == 99 && after.baseSize == 99 && after.content == .none)
    #expect(!after.attributesKnown && after.modified == TestCatalog.at(77))
    #expect(try test.catalog.condemned(limit: 9) == [before.content])
    #expect(try test.catalog.usage() == 0)
  }

  @Test func whatIsGoneIsRemovedWithoutATombstone() throws {
    let file = try test.makeClean("f")
    test.advance(1)
    let outcome = try test.ingest()
    #expect(outcome.removed.map(\.name) == [try TestCatalog.name("f")])
    #expect(outcome.removed.map(\.inode.content) == [file.content])
    #expect(try test.catalog.inode(file.number) == nil)
    #expect(try test.catalog.nextDue() == nil)
  }

  @Test func anOpenFileThatIsGoneBecomesAnOrphan() throws {
    let file = try test.makeClean("f")
    test.open = [file.number]
    test.advance(1)
    try test.ingest()
    #expect(try test.find("f") == nil)
    #expect(try test.catalog.orphans() == [file.number])
    #expect(try test.catalog.owner(of: file.content) == file.number)
  }

  @Test func aDirectoryIsRemovedWithAllThatLiesBeneath() throws {
    try test.ingest(directories: ["d"])
    try test.ingest("d", etags: ["f": "one"], directories: ["e"])
    try test.ingest("d/e", etags: ["g": "two"])
    let open = try test.record("d/e/g")
    let content = try test.catalog.allocateContent(test.record("d/f").number).content
    test.open = [open.number]
    test.advance(1)
    let outcome = try test.ingest()
    #expect(try test.list().isEmpty)
    #expect(try test.catalog.inodeCount() == 1)
    #expect(try test.record("").linkCount == 2)
    #expect(try test.catalog.orphans() == [open.number])
    // All of them, or content files would be left behind.
    #expect(Set(outcome.removed.map(\.name.text)) == ["d", "e", "f", "g"])
    #expect(outcome.removed.contains { $0.inode.content == content })
  }

  @Test func aFileBecomesADirectoryAndBack() throws {
    try test.ingest(etags: ["x": "one"])
    try test.ingest(directories: ["x"], began: TestCatalog.at(1_001))
    #expect(try test.record("x").kind == .directory)
    #expect(try test.record("").linkCount == 3)
    try test.ingest("x", etags: ["f": "two"], began: TestCatalog.at(1_002))
    try test.ingest(etags: ["x": "three"], began: TestCatalog.at(1_003))
    #expect(try test.record("x").kind == .regular)
    #expect(try test.record("x").object?.etag == ETag("three"))
    #expect(try test.record("").linkCount == 2)
    #expect(try test.catalog.inodeCount() == 2)
  }

  @Test func markersTellOfAttributes() throws {
    try test.ingest(directories: ["d"])
    let marker = TestCatalog.object("d/", "one")
    try test.ingest("d", marker: marker)
    #expect(try test.record("d").object == marker)
    let learned = LearnedAttributes(
      kind: .directory, permissions: 0o711, owner: Owner(user: 8, group: 9),
      accessed: test.now, modified: test.now, changed: test.now)
    try test.catalog.learn(learned, of: test.record("d").number, etag: marker.etag)
    #expect(try test.record("d").permissions == 0o711 && test.record("d").attributesChosen)
    // The same marker: what was learned stays. Another one: it is read anew.
    try test.ingest("d", marker: marker)
    #expect(try test.record("d").attributesKnown)
    try test.ingest("d", marker: TestCatalog.object("d/", "two"))
    #expect(try !test.record("d").attributesKnown)
    #expect(try test.record("d").object?.etag == ETag("two"))
    // None any more: nothing to read.
    try test.ingest("d")
    #expect(try test.record("d").object == nil && test.record("d").attributesKnown)
  }

  @Test func namesThatDifferOnlyInNormalisationAreTwo() throws {
    try test.ingest(etags: ["\u{e9}": "one"])
    try test.ingest(etags: ["e\u{301}": "two"], began: TestCatalog.at(1_001))
    #expect(try test.list().map { Array($0.utf8) } == [[0x65, 0xCC, 0x81]])
    #expect(try test.record("e\u{301}").object?.etag == ETag("two"))
  }

  @Test func aDirectoryThatIsGoneTakesNothingIn() throws {
    let directory = try test.make("d", .directory)
    let source = try test.source("d")
    try test.removeDirectory("d")
    let outcome = try test.catalog.ingest(
      DirectoryListing(of: source, children: [], marker: nil, began: test.now),
      into: directory.number, defaults: TestCatalog.root, keyOf: { ObjectKey("d/" + $0.text) },
      isOpen: { _ in false })
    #expect(outcome.added.isEmpty && outcome.removed.isEmpty)
  }

  @Test func attributesAreLearnedOnceAndForTheRightVersion() throws {
    try test.ingest(etags: ["l": "one"])
    let number = try test.record("l").number
    #expect(try test.catalog.unknownAttributes(in: .root, limit: 9).map(\.number) == [number])
    let learned = LearnedAttributes(
      kind: .symbolicLink, permissions: 0o777, owner: Owner(user: 8, group: 9),
      accessed: test.now, modified: test.now, changed: test.now, target: "somewhere")
    try test.catalog.learn(learned, of: number, etag: ETag("other"))
    #expect(try !test.record("l").attributesKnown)
    try test.catalog.learn(learned, of: number, etag: ETag("one"))
    let link = try test.record("l")
    #expect(link.kind == .symbolicLink && link.target == "somewhere" && link.size == 9)
    #expect(link.baseSize == 0 && link.owner == Owner(user: 8, group: 9))
    #expect(try test.catalog.unknownAttributes(in: .root, limit: 9).isEmpty)
    var other = learned
    other.permissions = 0
    try test.catalog.learn(other, of: number, etag: ETag("one"))
    #expect(try test.record("l").permissions == 0o777)
  }

  private func entryNumbers() throws -> [String: Int64] {
    let children = try test.catalog.children(of: .root, after: 0, limit: 10)
    return Dictionary(uniqueKeysWithValues: children.map { ($0.name, $0.entry) })
  }

  /// Or who reads the directory meanwhile would see the name twice.
  @Test func whatTakesTheNameOfAnOpenFileIsReadInItsPlace() throws {
    let file = try test.makeClean("f", "one")
    try test.makeClean("g", "two")
    test.open = [file.number]
    let before = try entryNumbers()
    test.advance(1)
    try test.ingest(etags: ["f": "theirs", "g": "two"])
    #expect(try test.record("f").number != file.number)
    #expect(try entryNumbers() == before)
  }

  @Test func aDirectoryAndAFileThatTakeEachOthersNamesAreReadInTheirPlaces() throws {
    try test.ingest(etags: ["f": "one"], directories: ["d"])
    let before = try entryNumbers()
    test.advance(1)
    try test.ingest(etags: ["d": "one"], directories: ["f"])
    #expect(try test.record("d").kind == .regular && test.record("f").kind == .directory)
    #expect(try entryNumbers() == before)
  }
}
