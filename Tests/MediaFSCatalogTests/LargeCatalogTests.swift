@testable import MediaFSCatalog
import MediaFSCore
import Testing

/// What is asked at the start, and again and again while a queue is worked off, costs the same
/// whatever the catalog holds.
@Suite struct LargeCatalogTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  /// The sum is that of the moment of opening, whenever it is taken.
  @Test func whatIsHeldAtTheStartIsSummedUpLater() throws {
    for name in ["a", "b", "c"] {
      try test.make(name)
      try test.write(name, size: 100)
    }
    let later = try test.catalog.openingUsage(quicklySummed: 2)
    let now = try test.catalog.openingUsage(quicklySummed: 3)
    try test.write("c", size: 5_000)
    try test.make("d")
    try test.write("d", size: 100)
    #expect(later.knownBytes == nil && now.knownBytes == 300)
    #expect(try later.bytes() == 300 && now.bytes() == 300)
    #expect(try test.catalog.usage() == 5_300)
  }

  @Test func oneThatWaitsIsFoundBeneathItsDirectory() throws {
    try test.make("d", .directory)
    try test.make("d/e", .directory)
    try test.make("d/e/f")
    try test.make("other")
    let (catalog, directory) = (test.catalog, try test.record("d").number)
    let (file, inner) = (try test.record("d/e/f").number, try test.record("d/e").number)
    #expect(try catalog.waiting(beneath: .root, last: file) == file)
    #expect(try catalog.waiting(beneath: directory, last: file) == file)
    try catalog.park(file, error: "no")
    #expect(try catalog.waiting(beneath: inner, last: file) == inner)
    for inode in [inner, directory] {
      #expect(try catalog.finish(inode, at: test.now) { _, _ in true })
    }
    #expect(try catalog.waiting(beneath: directory, last: nil) == nil)
    #expect(try catalog.waiting(beneath: file, last: file) == nil)
    #expect(try catalog.waiting(beneath: .root, last: nil) == test.record("other").number)
  }

  /// What a look at the journal asks is answered by an index.
  @Test(arguments: [
    "SELECT min(done) FROM tombstone WHERE done IS NOT NULL",
    "DELETE FROM tombstone WHERE done IS NOT NULL AND done < 1",
    "SELECT inode FROM journal WHERE parked = 0 AND due <= 1 ORDER BY due, inode LIMIT 1",
    "SELECT key FROM tombstone WHERE parked = 0 AND done IS NULL AND due <= 1 ORDER BY due LIMIT 1",
    "SELECT inode FROM journal WHERE parked = 0 LIMIT 1",
    "SELECT id FROM inode WHERE writing",
    "SELECT id FROM inode WHERE links = 0",
  ])
  func nothingIsReadThrough(_ sql: String) throws {
    let plan = try test.catalog.read {
      try $0.rows("EXPLAIN QUERY PLAN " + sql).map { $0[3] as String }
    }
    #expect(plan.allSatisfy { $0.contains("INDEX") }, "\(plan)")
    #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
  }
}
