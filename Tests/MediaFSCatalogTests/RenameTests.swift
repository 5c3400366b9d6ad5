import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import SystemPackage
import Testing

@Suite struct RenameTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  @Test func movesOneNameAndKeepsTheInode() throws {
    try test.make("a", .directory)
    try test.make("b", .directory)
    let file = try test.makeClean("a/f")
    test.advance(5)
    let outcome = try test.rename("a/f", to: "b/g")
    #expect(outcome.moved.number == file.number && outcome.replaced == nil)
    #expect(try test.find("a/f") == nil)
    let moved = try test.record("b/g")
    #expect(moved.number == file.number && moved.object?.key == ObjectKey("a/f"))
    #expect(!moved.isContentDirty)
    #expect(try test.catalog.item(of: file.number)?.deep == 0)
    #expect(try test.record("a").modified == test.now)
    #expect(try test.record("b").modified == test.now)
    #expect(try test.catalog.tombstone(at: ObjectKey("a/f")) == nil)
  }

  @Test func aDirectoryIsQueuedDeepAndCountsInItsNewParent() throws {
    try test.make("a", .directory)
    try test.make("b", .directory)
    let moved = try test.make("a/d", .directory)
    let file = try test.makeClean("a/d/f")
    try test.rename("a/d", to: "b/d")
    #expect(try test.record("a").linkCount == 2)
    #expect(try test.record("b").linkCount == 3)
    #expect(try test.catalog.item(of: moved.number)?.deep == 1)
    #expect(try test.catalog.path(of: file.number) == TestCatalog.names("b/d/f"))
    try test.rename("b/d", to: "d")
    #expect(try test.catalog.item(of: moved.number)?.deep == 2)
  }

  @Test func expansionQueuesWhatHasAnObjectPageByPage() throws {
    let directory = try test.make("d", .directory)
    let inner = try test.make("d/inner", .directory)
    for index in 0..<5 { try test.makeClean("d/f\(index)") }
    try test.rename("d", to: "e")
    let item = try #require(try test.catalog.item(of: directory.number))
    #expect(try test.enqueueChildren(of: directory.number) == [inner.number])
    for index in 0..<5 {
      #expect(try test.catalog.item(of: test.record("e/f\(index)").number) != nil)
    }
    try test.rename("e", to: "d")
    try test.catalog.expanded(item)
    // There was another rename meanwhile: once more.
    #expect(try test.catalog.item(of: directory.number)?.deep == 2)
    try test.catalog.expanded(try #require(try test.catalog.item(of: directory.number)))
    #expect(try test.catalog.item(of: directory.number)?.deep == 0)
  }

  @Test func takesTheNameOfAFileOver() throws {
    let old = try test.makeClean("f", "old")
    let new = try test.make("tmp")
    let outcome = try test.rename("tmp", to: "f")
    #expect(outcome.replaced?.number == old.number)
    #expect(try test.record("f").number == new.number)
    #expect(try test.catalog.inode(old.number) == nil)
    #expect(try test.catalog.tombstone(at: ObjectKey("f"))?.etag == ETag("old"))
    #expect(try test.list() == ["f"])
  }

  @Test func aReplacedFileThatIsOpenBecomesAnOrphan() throws {
    let old = try test.makeClean("f")
    test.open = [old.number]
    try test.make("tmp")
    try test.rename("tmp", to: "f")
    #expect(try test.catalog.inode(old.number)?.linkCount == 0)
  }

  @Test func takesTheNameOfAnEmptyDirectoryOver() throws {
    try test.make("a", .directory)
    let moved = try test.make("a/d", .directory)
    try test.make("e", .directory)
    try test.rename("a/d", to: "e")
    #expect(try test.record("e").number == moved.number)
    #expect(try test.record("a").linkCount == 2)
    #expect(try test.record("").linkCount == 4)
  }

  @Test func kindsMustFitAndDirectoriesBeEmpty() throws {
    try test.make("f")
    try test.make("d", .directory)
    try test.make("full", .directory)
    try test.make("full/x")
    expectRefused(.notDirectory) { try test.rename("d", to: "f") }
    expectRefused(.isDirectory) { try test.rename("f", to: "d") }
    expectRefused(.directoryNotEmpty) { try test.rename("d", to: "full") }
    expectRefused(.noSuchFileOrDirectory) { try test.rename("none", to: "g") }
    expectRefused(.notDirectory) { try test.rename("d", to: "f/g") }
    #expect(try test.list() == ["f", "d", "full"])
  }

  @Test func aDirectoryCannotLieBeneathItself() throws {
    try test.make("d", .directory)
    try test.make("d/e", .directory)
    expectRefused(.invalidArgument) { try test.rename("d", to: "d/x") }
    expectRefused(.invalidArgument) { try test.rename("d", to: "d/e/x") }
    expectRefused(.invalidArgument) { try test.exchange("d", with: "d/e") }
    expectRefused(.invalidArgument) { try test.exchange("d/e", with: "d") }
    #expect(try test.list("d") == ["e"])
  }

  @Test func noReplaceRefusesATakenName() throws {
    try test.make("f")
    let other = try test.make("g")
    expectRefused(.fileExists) { try test.rename("f", to: "g", replacing: false) }
    #expect(try test.record("g").number == other.number)
    try test.rename("f", to: "h", replacing: false)
    #expect(try test.list() == ["h", "g"])
  }

  @Test func ontoItselfChangesNothing() throws {
    let file = try test.makeClean("f")
    let outcome = try test.rename("f", to: "f")
    #expect(outcome.replaced == nil)
    #expect(try test.record("f") == file)
    #expect(try test.catalog.item(of: file.number) == nil)
  }

  @Test func exchangeSwapsNamesAndLinkCounts() throws {
    try test.make("a", .directory)
    try test.make("b", .directory)
    let file = try test.makeClean("a/x")
    let directory = try test.make("b/x", .directory)
    try test.make("b/x/child")
    try test.exchange("a/x", with: "b/x")
    #expect(try test.record("a/x").number == directory.number)
    #expect(try test.record("b/x").number == file.number)
    #expect(try test.find("a/x/child") != nil)
    #expect(try test.record("a").linkCount == 3)
    #expect(try test.record("b").linkCount == 2)
    #expect(try test.catalog.item(of: file.number)?.deep == 0)
    #expect(try test.catalog.item(of: directory.number)?.deep == 1)
    expectRefused(.noSuchFileOrDirectory) { try test.exchange("a/x", with: "b/none") }
  }

  @Test func exchangeWithinADirectoryKeepsItsLinkCount() throws {
    let file = try test.make("f")
    let directory = try test.make("d", .directory)
    try test.exchange("f", with: "d")
    #expect(try test.record("d").number == file.number)
    #expect(try test.record("f").number == directory.number)
    #expect(try test.record("").linkCount == 3)
  }
}
