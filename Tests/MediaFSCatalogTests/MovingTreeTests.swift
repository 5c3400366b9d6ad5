import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

/// Trees that were renamed and that the store has elsewhere, known here or not.
@Suite struct MovingTreeTests {
  private let test: TestCatalog
  private let later = TestCatalog.at(2_000)

  init() throws {
    test = try TestCatalog()
  }

  private func pending(_ prefix: String) -> TreeSource {
    TreeSource(prefix: prefix, isPending: true)
  }

  // MARK: Where a tree lies

  @Test func withoutARenameThePathSaysWhere() throws {
    try test.ingest(directories: ["a"])
    try test.ingest("a", directories: ["s"])
    #expect(try test.source("") == TreeSource(prefix: "", isPending: false))
    #expect(try test.source("a/s") == TreeSource(prefix: "a/s/", isPending: false))
    // A file that was renamed has no tree.
    try test.makeClean("a/f")
    try test.rename("a/f", to: "g")
    #expect(try test.catalog.claimant(of: "a/f/x") == nil)
  }

  @Test func theFirstRenameDecidesUntilTheExpansion() throws {
    try test.ingest(directories: ["a"])
    try test.rename("a", to: "b")
    #expect(try test.source("b") == pending("a/"))
    try test.rename("b", to: "c")
    #expect(try test.source("c") == pending("a/"))
    try test.rename("c", to: "a")
    #expect(try test.source("a") == pending("a/"))
    try test.ingest("a", directories: ["s"])
    try test.ingest("a/s", etags: ["f": "one"])
    try test.expand("a")
    #expect(try test.source("a") == TreeSource(prefix: "a/", isPending: false))
    try test.rename("a", to: "d")
    #expect(try test.source("d/s") == pending("a/s/"))
  }

  @Test func aDirectoryTakesItsSourceAlongOutOfARenamedTree() throws {
    try test.ingest(directories: ["a", "other"])
    try test.rename("a", to: "b")
    try test.ingest("b", directories: ["s", "t"])
    try test.rename("b/s", to: "s2")
    #expect(try test.source("s2") == pending("a/s/"))
    // One that comes from elsewhere keeps its own.
    try test.rename("other", to: "b/other")
    #expect(try test.source("b/other") == pending("other/"))
    #expect(try test.source("b/t") == pending("a/t/"))
    try test.rename("b", to: "c")
    #expect(try test.source("c/other") == pending("other/"))
  }

  @Test func directoriesThatChangePlacesTakeTheirSourcesAlong() throws {
    try test.ingest(directories: ["a", "p"])
    try test.ingest("p", directories: ["b"])
    try test.exchange("a", with: "p/b")
    #expect(try test.source("a") == pending("p/b/"))
    #expect(try test.source("p/b") == pending("a/"))
  }

  // MARK: What is found there

  @Test func whatIsFoundWhereItWasIsQueuedForWhereItIs() throws {
    try test.ingest(directories: ["a"])
    try test.rename("a", to: "b")
    try test.ingest(
      "b", etags: ["f": "one"], directories: ["s"])
    let file = try test.record("b/f")
    #expect(file.object == TestCatalog.object("a/f", "one", size: 10))
    try test.ingest("b/s", etags: ["g": "two"])
    #expect(try test.record("b/s/g").object?.key == ObjectKey("a/s/g"))
    try test.expand("b")
    #expect(try test.isQueued("b/f") && test.isQueued("b/s/g"))
    // An implicit directory has nothing of its own to move.
    #expect(try !test.isQueued("b/s"))
  }

  @Test func aMarkerIsFoundWhereItWas() throws {
    try test.ingest(directories: ["a"])
    try test.rename("a", to: "b")
    try test.ingest("b", marker: TestCatalog.object("a/", "m"))
    let directory = try test.record("b")
    #expect(directory.object == TestCatalog.object("a/", "m"))
    #expect(!directory.attributesKnown)
  }

  @Test func aMarkerIsFoundThoughTheAttributesWereChangedHere() throws {
    try test.ingest(directories: ["a"])
    let number = try test.record("a").number
    let attributes = LearnedAttributes(
      kind: .directory, permissions: 0o700, owner: Owner(user: 1, group: 1),
      accessed: TestCatalog.at(1), modified: TestCatalog.at(1), changed: TestCatalog.at(1))
    try test.catalog.learn(attributes, of: number, etag: ETag("m"))
    try test.rename("a", to: "b")
    let changes = AttributeChanges(permissions: 0o711)
    _ = try test.catalog.setAttributes(of: number, changes, at: test.now)
    try test.ingest("b", marker: TestCatalog.object("a/", "m"))
    let directory = try test.record("b")
    #expect(directory.object?.key == ObjectKey("a/"))
    #expect(directory.attributesKnown && directory.permissions == 0o711)
  }

  @Test func aListingOfAnotherPlaceIsNotTaken() throws {
    try test.ingest(directories: ["a"])
    let source = try test.source("a")
    try test.rename("a", to: "b")
    let outcome = try test.ingest("b", directories: ["s"], of: source)
    #expect(outcome.isMisplaced)
    #expect(try test.list("b").isEmpty && test.record("b").listed == nil)
  }

  @Test func whatIsKnownOfAMovingTreeIsNotListedAnew() throws {
    try test.ingest(directories: ["a"])
    try test.ingest("a", etags: ["f": "one"])
    try test.rename("a", to: "b")
    try test.ingest("b", etags: ["g": "two"], began: later)
    #expect(try test.list("b") == ["f"])
  }

  // MARK: What does not come back

  @Test func aTreeThatNobodyHasListedDoesNotComeBack() throws {
    try test.ingest(directories: ["a"])
    try test.rename("a", to: "b")
    try test.ingest(directories: ["a", "a0", "a-"], began: later)
    #expect(Set(try test.list()) == ["b", "a0", "a-"])
    try test.ingest("b", etags: ["f": "one"])
    try test.expand("b")
    // Now its object speaks for it.
    try test.ingest(directories: ["a"], began: later)
    #expect(try test.find("a") == nil)
  }

  @Test func norDoesTheDirectoryThatItWasIn() throws {
    try test.ingest(directories: ["p"])
    try test.ingest("p", directories: ["a"])
    try test.rename("p/a", to: "b")
    try test.removeDirectory("p")
    try test.ingest(directories: ["p"], began: later)
    #expect(try test.list() == ["b"])
  }

  @Test func aNewDirectoryOfTheOldNameStaysEmpty() throws {
    try test.ingest(directories: ["a"])
    try test.rename("a", to: "b")
    try test.make("a", .directory)
    let outcome = try test.ingest("a", etags: ["f": "one"], directories: ["s"], began: later)
    #expect(outcome.added.isEmpty)
    #expect(try test.list("a").isEmpty)
    try test.ingest("b", etags: ["f": "one"], directories: ["s"])
    #expect(try test.list("b").count == 2)
  }

  @Test func aTreeThatLeftAnotherIsNotFoundThere() throws {
    try test.ingest(directories: ["a"])
    try test.ingest("a", directories: ["s"])
    try test.rename("a/s", to: "s")
    // Listed for the first time under its new name.
    let number = try test.record("a").number
    try test.rename("a", to: "b")
    #expect(try test.record("b").number == number)
    try test.ingest(directories: ["c"])
    try test.rename("c", to: "d")
    try test.ingest("d", directories: ["x"])
    try test.rename("d/x", to: "x")
    try test.ingest("d", directories: ["x"], began: later)
    #expect(try test.list("d").isEmpty)
  }

  // MARK: Keys that nobody may write yet

  @Test func theKeysOfAMovingTreeAreClaimed() throws {
    try test.ingest(directories: ["a"])
    let moved = try test.record("a").number
    try test.rename("a", to: "b")
    for key in ["a/", "a/f", "a/s/f"] { #expect(try test.catalog.claimant(of: key) == moved) }
    for key in ["a", "b/f", "a0/f", "f"] { #expect(try test.catalog.claimant(of: key) == nil) }
    try test.ingest("b")
    try test.expand("b")
    #expect(try test.catalog.claimant(of: "a/f") == nil)
  }

  // MARK: The expansion

  @Test func aRenameBackQueuesNothing() throws {
    try test.ingest(directories: ["a"])
    try test.ingest("a", etags: ["f": "one"], marker: TestCatalog.object("a/", "m"))
    try test.rename("a", to: "b")
    try test.rename("b", to: "a")
    try test.expand("a")
    #expect(try !test.isQueued("a/f"))
  }

  @Test func anExpansionBringsBackWhatIsParked() throws {
    try test.make("a", .directory)
    let file = try test.make("a/f")
    try test.catalog.park(file.number, error: "KeyTooLongError")
    try test.rename("a", to: "b")
    try test.expand("b")
    #expect(try test.catalog.parked(limit: 9).inodes.isEmpty)
    #expect(try test.catalog.journalError(of: file.number) == nil)
  }

  @Test func aRenameDuringTheExpansionBeginsItAnew() throws {
    try test.ingest(directories: ["a"])
    try test.rename("a", to: "b")
    let item = try #require(try test.catalog.item(of: test.record("b").number))
    try test.ingest("b", etags: ["f": "one"])
    try test.enqueueChildren(of: item.inode)
    try test.rename("b", to: "c")
    try test.catalog.expanded(item)
    #expect(try test.source("c") == pending("a/"))
  }

  @Test func aCrashForgetsNoneOfThis() throws {
    try test.ingest(directories: ["a"])
    try test.rename("a", to: "b")
    try test.reopen()
    #expect(try test.source("b") == pending("a/"))
    #expect(try test.catalog.item(of: test.record("b").number)?.deep == 1)
  }
}
