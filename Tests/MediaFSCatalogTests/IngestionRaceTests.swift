import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

/// Listings that know less than the catalog: what was changed here and is still on its way, or
/// got there after the listing began.
@Suite struct IngestionRaceTests {
  private let test: TestCatalog
  private let later = TestCatalog.at(2_000)

  init() throws {
    test = try TestCatalog()
  }

  // MARK: Local changes win

  @Test func whatTheStoreNeverSawStays() throws {
    try test.make("f")
    try test.make("d", .directory)
    let outcome = try test.ingest(began: later)
    #expect(outcome.removed.isEmpty)
    #expect(try test.list() == ["f", "d"])
  }

  @Test(arguments: [nil, "two"])
  func aDirtyFileIsNeitherChangedNorRemoved(etag: String?) throws {
    try test.makeClean("f", "one")
    let dirty = try test.write("f", size: 20)
    let outcome = try test.ingest(etags: etag.map { ["f": $0] } ?? [:], began: later)
    #expect(outcome.changed.isEmpty && outcome.removed.isEmpty)
    #expect(try test.record("f") == dirty)
  }

  @Test func attributesThatWereChangedHereStay() throws {
    let file = try test.makeClean("f", "one")
    let changes = AttributeChanges(permissions: 0o604, modified: .at(TestCatalog.at(5)))
    _ = try test.catalog.setAttributes(of: file.number, changes, at: test.now)
    let name = try #require(AttributeName("user.note"))
    _ = try test.catalog.setExtendedAttribute(name, of: file.number, to: [1], at: test.now)
    try test.ingest(etags: ["f": "two"], began: later)
    let after = try test.record("f")
    #expect(after.object?.etag == ETag("two"))
    #expect(after.permissions == 0o604 && after.modified == TestCatalog.at(5))
    #expect(after.attributesKnown && after.isAttributeDirty)
    #expect(try test.catalog.extendedAttribute(name, of: after.number) == [1])
    #expect(try test.catalog.item(of: after.number) != nil)
  }

  @Test func aDirectoryWithLocalNewsStays() throws {
    try test.ingest(directories: ["d"])
    try test.ingest("d", etags: ["f": "one"], directories: ["e"])
    try test.ingest("d/e")
    try test.make("d/e/new")
    try test.ingest(began: later)
    #expect(try test.find("d/e/new") != nil)
    // The same names, now at the store, by a commit later than the listing began.
    test.now = TestCatalog.at(2_500)
    try test.write("d/e/new", size: 1)
    try test.upload("d/e/new")
    try test.ingest(began: TestCatalog.at(2_500))
    #expect(try test.find("d/e/new") != nil)
    try test.ingest(began: TestCatalog.at(2_501))
    #expect(try test.find("d") == nil)
  }

  @Test func aFileThatIsBeingWrittenKeepsItsDirectory() throws {
    try test.ingest(directories: ["d"])
    try test.ingest("d", etags: ["f": "one"])
    _ = try test.catalog.beginWriting(test.record("d/f").number, at: test.now)
    try test.ingest(began: later)
    #expect(try test.find("d/f") != nil)
  }

  @Test func attributesOfADirectoryThatWereChangedHereStay() throws {
    let directory = try test.make("d", .directory)
    try test.ingest("d", marker: TestCatalog.object("d/", "one"), began: later)
    #expect(try test.record("d").object == nil)
    #expect(try test.record("d").attributesKnown)
    try test.commit(test.record("d"), at: "d/", "mine")
    try test.ingest("d", marker: TestCatalog.object("d/", "old"), began: test.now)
    #expect(try test.catalog.inode(directory.number)?.object?.etag == ETag("mine"))
  }

  // MARK: What was deleted or renamed here does not come back

  @Test func aDeletedFileStaysDeleted() throws {
    try test.makeClean("f", "one")
    test.advance(1)
    try test.unlink("f")
    try test.ingest(etags: ["f": "one"], began: later)
    #expect(try test.find("f") == nil)
    // Unless somebody else wrote it anew after that.
    try test.ingest(etags: ["f": "two"], began: later)
    #expect(try test.find("f") != nil)
  }

  /// The listing began before the last commit at the key, so it shows a version before that.
  @Test func aDeletedFileDoesNotComeBackAsItsOlderVersion() throws {
    try test.makeClean("f", "one")
    let began = test.now
    test.advance(1)
    try test.write("f", size: 20)
    try test.upload("f", "two")
    try test.unlink("f")
    try test.ingest(etags: ["f": "one"], began: began)
    #expect(try test.find("f") == nil)
    test.advance(1)
    try test.deleted([ObjectKey("f")], at: test.now)
    try test.ingest(etags: ["f": "one"], began: began)
    #expect(try test.find("f") == nil)
  }

  @Test func aRenamedFileDoesNotComeBackAtItsOldName() throws {
    try test.makeClean("f", "one")
    test.advance(1)
    try test.rename("f", to: "g")
    try test.ingest(etags: ["f": "one"], began: later)
    #expect(try test.list() == ["g"])
    // Copied, the old object not deleted yet.
    test.advance(1)
    try test.upload("g", "two")
    try test.ingest(etags: ["f": "one", "g": "two"], began: later)
    #expect(try test.list() == ["g"])
    try test.deleted([ObjectKey("f")], at: later)
    try test.ingest(etags: ["f": "one", "g": "two"], began: later)
    #expect(try test.list() == ["g"])
    try test.ingest(etags: ["f": "one", "g": "two"], began: TestCatalog.at(2_001))
    #expect(try test.list() == ["g", "f"])
  }

  /// U+0600 is no character of its own before "/": keys are cut by bytes.
  @Test(arguments: ["d", "d\u{600}", "e\u{301}"])
  func aRenamedDirectoryDoesNotComeBackWhileAnythingIsLeft(name: String) throws {
    try test.make(name, .directory)
    try test.makeClean(name + "/f", "one")
    try test.rename(name, to: "z")
    try test.ingest(directories: [name], began: later)
    #expect(try test.list() == ["z"])
    try test.expand("z")
    try test.upload("z/f", "two")
    try test.ingest(directories: [name, "z"], began: later)
    #expect(try test.list() == ["z"])
    try test.deleted([ObjectKey(name + "/f")], at: later)
    try test.ingest(directories: [name, "z"], began: later)
    #expect(try test.list() == ["z"])
    try test.ingest(directories: [name, "z"], began: TestCatalog.at(2_001))
    #expect(try test.list().count == 2)
  }

  @Test func aNeighbourWithTheSameBeginningIsNotSpokenFor() throws {
    try test.make("d", .directory)
    try test.makeClean("d/f")
    try test.rename("d", to: "z")
    try test.ingest(directories: ["d", "d-1", "d0"], began: later)
    #expect(Set(try test.list()) == ["z", "d-1", "d0"])
  }

  /// Renamed a moment ago: the new place is empty at the store, and nothing beneath it is queued
  /// by itself yet.
  @Test func aRenamedDirectoryKeepsItsTree() throws {
    try test.ingest(directories: ["d"])
    try test.ingest("d", directories: ["e"], marker: TestCatalog.object("d/", "m"))
    try test.ingest("d/e", directories: ["e2"])
    try test.ingest("d/e/e2", etags: ["f": "one"])
    test.advance(1)
    try test.rename("d", to: "z")
    try test.ingest("z", began: later)
    try test.ingest("z/e", began: later)
    try test.ingest("z/e/e2", began: later)
    #expect(try test.find("z/e/e2/f") != nil)
    // Nor is its marker forgotten, or "d" would come back as an empty directory.
    #expect(try test.record("z").object == TestCatalog.object("d/", "m"))
    try test.ingest(directories: ["d"], began: later)
    #expect(try test.list() == ["z"])
  }

  @Test func aRenamedFileIsNotReplacedByADirectoryOfItsNewName() throws {
    try test.makeClean("f", "one")
    test.advance(1)
    let file = try test.rename("f", to: "x").moved
    try test.ingest(directories: ["x"], began: later)
    #expect(try test.record("x").number == file.number)
  }

  @Test func aRenamedFileIsNotChangedByTheObjectAtItsNewName() throws {
    try test.makeClean("f", "one")
    test.advance(1)
    try test.rename("f", to: "x")
    try test.ingest(etags: ["f": "one", "x": "other"], began: later)
    #expect(try test.record("x").object == TestCatalog.object("f", "one", size: 10))
  }

  // MARK: Commits later than the listing's beginning are not undone

  @Test(arguments: [nil, "old"])
  func aCommitLaterThanTheListingIsNotUndone(etag: String?) throws {
    let began = test.now
    test.advance(1)
    let file = try test.makeClean("f", "new")
    let outcome = try test.ingest(etags: etag.map { ["f": $0] } ?? [:], began: began)
    #expect(outcome.changed.isEmpty && outcome.removed.isEmpty)
    #expect(try test.record("f") == file)
    // At the same moment: nobody knows which was first, so it stays too.
    try test.ingest(etags: etag.map { ["f": $0] } ?? [:], began: test.now)
    #expect(try test.record("f") == file)
    test.advance(1)
    try test.ingest(etags: etag.map { ["f": $0] } ?? [:])
    #expect(try test.find("f")?.object?.etag.text == etag)
  }
}
