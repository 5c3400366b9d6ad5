import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

/// The schedule of ``TestCatalog``: due after 10 s, after 60 s at the latest; deletes after 30 s.
@Suite struct JournalTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  private func due(_ seconds: Int64) throws -> [InodeNumber] {
    try test.catalog.dueItems(by: TestCatalog.at(seconds), limit: 100).map(\.inode)
  }

  @Test func aChangeIsDueAfterTheCoolDown() throws {
    let file = try test.make("f")
    #expect(try test.catalog.nextDue() == TestCatalog.at(1_010))
    #expect(try due(1_009).isEmpty)
    #expect(try due(1_010) == [file.number])
  }

  @Test func changesPutItOffButNotForEver() throws {
    let file = try test.make("f")
    for (elapsed, expected) in [(8, 1_018), (16, 1_026), (48, 1_058), (55, 1_060), (70, 1_070)] {
      test.now = TestCatalog.at(1_000 + Int64(elapsed))
      try test.write("f", size: 1)
      let item = try #require(try test.catalog.item(of: file.number))
      #expect(item.due == TestCatalog.at(Int64(expected)), "after \(elapsed) s")
      #expect(item.since == TestCatalog.at(1_000))
    }
  }

  @Test func theMostOverdueComesFirst() throws {
    var numbers: [InodeNumber] = []
    for name in ["a", "b", "c"] {
      numbers.append(try test.make(name).number)
      test.advance(1)
    }
    #expect(try due(2_000) == numbers)
  }

  @Test func itemsComeInPagesAlsoWhereManyAreDueAtOnce() throws {
    let first = try test.make("last").number
    test.advance(-1)
    var numbers = try ["a", "b", "c"].map { try test.make($0).number }
    numbers.append(first)
    var found: [InodeNumber] = []
    var last: JournalItem?
    repeat {
      let page = try test.catalog.dueItems(by: TestCatalog.at(2_000), limit: 1, after: last)
      found += page.map(\.inode)
      last = page.last
    } while last != nil
    #expect(found == numbers)
  }

  @Test func aFailurePutsItOffAndAChangeForgetsTheFailure() throws {
    let file = try test.make("f")
    try test.catalog.postpone(file.number, until: TestCatalog.at(5_000), error: "503")
    var item = try #require(try test.catalog.item(of: file.number))
    #expect(item.due == TestCatalog.at(5_000) && item.attempts == 1)
    #expect(try test.catalog.journalError(of: file.number) == "503")
    // Without an error it is no failure.
    try test.catalog.postpone(file.number, until: TestCatalog.at(6_000), error: nil)
    #expect(try test.catalog.item(of: file.number)?.attempts == 1)
    #expect(try test.catalog.journalError(of: file.number) == "503")
    try test.write("f", size: 1)
    item = try #require(try test.catalog.item(of: file.number))
    #expect(item.due == TestCatalog.at(1_010) && item.attempts == 0)
    #expect(try test.catalog.journalError(of: file.number) == nil)
  }

  enum Change: CaseIterable {
    case write, rename, attributes, truncate
  }

  @Test(arguments: Change.allCases)
  func aChangeBringsWhatIsParkedBack(change: Change) throws {
    let file = try test.make("f")
    try test.catalog.park(file.number, error: "EntityTooLarge")
    #expect(try due(9_000).isEmpty)
    #expect(try test.catalog.nextDue() == nil)
    #expect(try test.catalog.parked(limit: 9).inodes.map(\.0) == [file.number])
    #expect(try test.catalog.parked(limit: 9).inodes.map(\.1) == ["EntityTooLarge"])
    switch change {
    case .write: try test.write("f", size: 3)
    case .rename: try test.rename("f", to: "g")
    case .truncate: _ = try test.catalog.truncate(file.number, to: 0, at: test.now)
    case .attributes:
      _ = try test.catalog.setAttributes(
        of: file.number, AttributeChanges(permissions: 0), at: test.now)
    }
    #expect(try due(9_000) == [file.number])
    #expect(try test.catalog.parked(limit: 9).inodes.isEmpty)
    #expect(try test.catalog.item(of: file.number)?.attempts == 0)
  }

  @Test func retryBringsParkedAndFailedBackInATree() throws {
    try test.make("d", .directory)
    let (inside, outside) = (try test.make("d/f"), try test.make("f"))
    for file in [inside, outside] { try test.catalog.park(file.number, error: "no") }
    let tree = try test.record("d").number
    #expect(try test.catalog.pending(beneath: tree).parked == 1)
    #expect(try test.catalog.retry(beneath: tree, at: test.now) == 1)
    #expect(try due(9_000).contains(inside.number))
    #expect(!(try due(9_000).contains(outside.number)))
    #expect(try test.catalog.retry(beneath: .root, at: test.now) == 1)
    #expect(try due(9_000).contains(outside.number))
    #expect(try test.catalog.retry(beneath: .root, at: test.now) == 0)
  }

  @Test func hasteningMakesDueButNotWhatFailed() throws {
    try test.make("d", .directory)
    let (waiting, failed) = (try test.make("d/f"), try test.make("d/g"))
    let outside = try test.make("f")
    try test.catalog.postpone(failed.number, until: TestCatalog.at(5_000), error: "503")
    try test.catalog.hasten(beneath: test.record("d").number, at: test.now)
    #expect(try due(1_000).contains(waiting.number))
    #expect(!(try due(1_000).contains(outside.number)))
    #expect(!(try due(1_000).contains(failed.number)))
    try test.catalog.endBackoff(at: test.now)
    #expect(try due(1_000).contains(failed.number))
  }

  @Test func whatWaitsIsCountedOnce() throws {
    try test.make("d", .directory)
    try test.make("d/f")
    try test.write("d/f", size: 100)
    try test.make("g")
    try test.write("g", size: 7)
    let totals = try test.catalog.uploadTotals()
    #expect(totals.files == 3 && totals.bytes == 107 && totals.oldest == test.now)
    let tree = try test.catalog.pending(beneath: test.record("d").number)
    #expect(tree.waiting == 2 && tree.bytes == 100 && tree.parked == 0)
    #expect(try test.catalog.pending(beneath: .root).waiting == 3)
  }
}
