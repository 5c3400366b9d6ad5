import MediaFSCatalog
import MediaFSCore
import Testing

/// What may not be on disk, and what is made of it after a power cut.
@Suite struct DurabilityTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  private var unsynced: [ContentNumber] {
    get throws { try test.catalog.unsynced(limit: 100).map(\.content) }
  }

  private func synchronizeAll() throws {
    try test.catalog.synced(test.catalog.unsynced(limit: 100))
    #expect(try unsynced == [])
  }

  @Test func whatChangesIsMarkedUntilItIsOnDisk() throws {
    let file = try test.makeClean("f", size: 10)
    #expect(try unsynced == [file.content])
    let seen = try test.catalog.unsynced(limit: 9)
    try test.write("f", size: 12)
    // What was on disk by then was less.
    try test.catalog.synced(seen)
    #expect(try unsynced == [file.content])
    try synchronizeAll()
  }

  /// Whoever synchronizes takes his time, and others may have done it meanwhile.
  @Test func anEarlierMarkIsNotTakenForALaterOne() throws {
    try test.makeClean("f", size: 10)
    try synchronizeAll()
    func mark() throws -> [UnsyncedContent] {
      try test.write("f", size: 12)
      return try test.catalog.unsynced(limit: 9)
    }
    let slow = try mark()
    try test.catalog.synced(slow)
    let later = try mark()
    try test.catalog.synced(slow)
    #expect(try unsynced == later.map(\.content))
    let again = try mark()
    #expect(again[0].continues(later[0]) && !later[0].continues(slow[0]))
  }

  /// 31 files behind the first one wait for the disk no more.
  @Test func oneWaitForTheDiskIsForTheNeighboursToo() throws {
    let files = try (0..<40).map { try test.makeClean("f\($0)") }
    try synchronizeAll()
    func change(_ index: Int) throws {
      _ = try test.catalog.beginWriting(files[index].number, at: test.now)
      try test.catalog.synchronizeChange(of: files[index].content)
      try test.catalog.settle(
        files[index].number, ContentState(size: 10, modified: test.now), at: test.now)
    }
    try change(0)
    #expect(try unsynced.count == 32)
    for index in 1..<32 { try change(index) }
    #expect(try unsynced.count == 32)
    try change(32)
    #expect(try unsynced.count == 40)
    // Their marks are gone with that, and have to be made anew.
    try synchronizeAll()
    try change(33)
    #expect(try unsynced.count == 7)
  }

  /// A mark that the catalog has, and the disk has not, tells nobody of a change after a power cut.
  @Test func aMarkThatADeadProcessLeftIsNotBelieved() throws {
    try test.reopen(boot: "first")
    let (file, other) = (try test.makeClean("f"), try test.makeClean("g"))
    #expect(!test.catalog.isUntold(file.content), "a new boot is on the disk as a whole")
    _ = try test.catalog.beginWriting(file.number, at: test.now)
    try test.reopen(boot: "first")
    #expect(test.catalog.isUntold(file.content))
    #expect(test.catalog.isUntold(other.content))
    try test.catalog.synchronizeChange(of: file.content)
    #expect(!test.catalog.isUntold(file.content))
    #expect(!test.catalog.isUntold(other.content))
  }

  @Test func anotherBootDoubtsWhatWasNotOnDisk() throws {
    try test.reopen(boot: "first")
    let file = try test.makeClean("f", size: 10)
    try test.reopen(boot: "first")
    #expect(try test.catalog.suspects().isEmpty)
    try test.reopen(boot: "second")
    let suspects = try test.catalog.suspects()
    #expect(suspects.map(\.content) == [file.content])
    #expect(suspects.first?.kept == 10 && suspects.first?.wasStored == true)
    // Numbers that were given out in the time that may be lost are not given out again.
    #expect(try test.makeClean("g").content.value > file.content.value + 1_000_000)
  }

  /// So much of it is on disk for certain, also if the cut itself is lost.
  @Test func aCutTakesBackWhatWasKept() throws {
    try test.reopen(boot: "first")
    let file = try test.makeClean("f", size: 10)
    _ = try test.catalog.beginWriting(file.number, at: test.now)
    #expect(try test.catalog.willCut(file.content, to: 4))
    #expect(try !test.catalog.willCut(file.content, to: 7))
    try test.reopen(boot: "second")
    #expect(try test.catalog.suspects().first?.kept == 4)
  }
}
