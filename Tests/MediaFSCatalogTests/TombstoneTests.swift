@testable import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

@Suite struct TombstoneTests {
  private let test: TestCatalog
  private let key = ObjectKey("f")

  init() throws {
    test = try TestCatalog()
  }

  private func due(_ seconds: Int64) throws -> [Tombstone] {
    try test.catalog.dueTombstones(by: TestCatalog.at(seconds), limit: 100, excluding: [])
  }

  @Test func aDeletedObjectIsDueAfterItsDelay() throws {
    try test.makeClean("f", "etag")
    try test.unlink("f")
    #expect(try due(1_029).isEmpty)
    let tombstone = try #require(try due(1_030).first)
    #expect(tombstone.key == key && tombstone.etag == ETag("etag") && tombstone.attempts == 0)
    #expect(try test.catalog.nextDue() == TestCatalog.at(1_030))
    #expect(
      try test.catalog.dueTombstones(by: TestCatalog.at(1_030), limit: 1, excluding: [key])
        .isEmpty)
    #expect(try test.catalog.dueDeletes(by: TestCatalog.at(1_030)) == 1)
    let totals = try test.catalog.deleteTotals()
    #expect(totals.files == 1 && totals.bytes == 10)
  }

  @Test func withoutADeleteDelayNothingIsEverDeleted() throws {
    let test = try TestCatalog(
      JournalSchedule(delay: .seconds(1), maximumDelay: .seconds(1), deleteDelay: nil))
    try test.makeClean("f")
    try test.unlink("f")
    #expect(try test.catalog.tombstone(at: key) != nil)
    #expect(try test.catalog.nextDue() == nil)
    #expect(
      try test.catalog.dueTombstones(by: TestCatalog.at(1 << 32), limit: 1, excluding: []).isEmpty)
    // And it does not come back either.
    try test.ingest(etags: ["f": "e"], began: TestCatalog.at(5_000))
    #expect(try test.find("f") == nil)
  }

  @Test func aCommitAtItsKeyCancelsIt() throws {
    try test.makeClean("f", "old")
    try test.unlink("f")
    try test.make("f")
    try test.write("f", size: 3)
    #expect(try test.catalog.tombstone(at: key) != nil)
    try test.upload("f", "new")
    #expect(try test.catalog.tombstone(at: key) == nil)
    #expect(try due(9_000).isEmpty)
  }

  /// What was sent over an object, and not confirmed, is to be buried with that one. When the inode
  /// has lost it, nothing else would ever delete it.
  @Test func whatWasSentIsDeletedWhereTheObjectIsLost() throws {
    let file = try test.makeClean("f", "old")
    try test.catalog.expect(key, of: file.number, until: nil, at: test.now)
    #expect(try due(9_000).isEmpty)
    #expect(try test.catalog.forgetObject(at: key, of: file.number, at: test.now))
    #expect(try due(1_000).map(\.sent) == [[file.number]])
  }

  @Test func buriedAgainItBeginsAnew() throws {
    try test.makeClean("f", "one")
    try test.unlink("f")
    try test.catalog.park(key, error: "AccessDenied")
    try test.deleted([key], at: test.now)
    #expect(try test.catalog.tombstone(at: key) == nil)
    test.advance(100)
    try test.ingest(etags: ["f": "two"])
    try test.unlink("f")
    #expect(try due(1_129).isEmpty)
    #expect(try due(1_130).map(\.etag) == [ETag("two")])
    #expect(try due(1_130).map(\.attempts) == [0])
  }

  @Test func failuresAreCountedAndParkedOnesWaitForTheOperator() throws {
    try test.makeClean("f")
    try test.unlink("f")
    try test.catalog.postpone([key], until: TestCatalog.at(2_000), error: "503")
    #expect(try due(1_999).isEmpty)
    #expect(try due(2_000).map(\.attempts) == [1])
    #expect(try test.catalog.deleteTotals().lastError == "503")
    try test.catalog.endBackoff(at: TestCatalog.at(1_500))
    #expect(try due(1_500).count == 1)
    try test.catalog.park(key, error: "AccessDenied")
    #expect(try due(9_000).isEmpty)
    #expect(try test.catalog.parked(limit: 9).keys.map(\.0) == [key])
    #expect(try test.catalog.retry(beneath: .root, at: test.now) == 1)
    #expect(try due(9_000).count == 1)
  }

  @Test func whatIsDoneIsRememberedForListingsThatBeganEarlier() throws {
    try test.makeClean("f")
    try test.unlink("f")
    try test.deleted([key], at: TestCatalog.at(1_050))
    #expect(try due(9_000).isEmpty)
    #expect(try test.catalog.dueDeletes(by: TestCatalog.at(9_000)) == 0)
    try test.ingest(etags: ["f": "e"], began: TestCatalog.at(1_050))
    #expect(try test.find("f") == nil)
    // Forgotten too early, and the old listing would bring it back.
    try test.catalog.forgetDeleted(before: TestCatalog.at(1_050))
    try test.ingest(etags: ["f": "e"], began: TestCatalog.at(1_049))
    #expect(try test.find("f") == nil)
    try test.catalog.forgetDeleted(before: TestCatalog.at(1_051))
    try test.ingest(etags: ["f": "e"], began: TestCatalog.at(1_049))
    #expect(try test.find("f") != nil)
  }

  @Test func aListingThatBeganLaterShowsWhatSomebodyElseWrote() throws {
    try test.makeClean("f")
    try test.unlink("f")
    try test.deleted([key], at: TestCatalog.at(1_050))
    try test.ingest(etags: ["f": "e"], began: TestCatalog.at(1_051))
    #expect(try test.find("f") != nil)
  }

  @Test func forgettingSparesWhatIsNotDone() throws {
    try test.makeClean("f")
    try test.unlink("f")
    try test.catalog.forgetDeleted(before: TestCatalog.at(1 << 32))
    #expect(try test.catalog.tombstone(at: key) != nil)
  }

  @Test func anObjectBuriedDuringADeleteIsDeletedToo() throws {
    let test = try TestCatalog()
    let key = ObjectKey("f")
    func bury(_ etag: String) throws {
      try test.catalog.write { database in
        try database.bury(
          StoredObject(key: key, etag: ETag(etag), size: 1), seen: test.now, at: test.now,
          due: test.now)
      }
    }
    try bury("first")
    let underWay = try #require(try test.catalog.tombstone(at: key))
    try bury("second")
    try test.catalog.deleted([underWay], at: test.now)
    #expect(try test.catalog.tombstone(at: key)?.etag == ETag("second"))
  }
}
