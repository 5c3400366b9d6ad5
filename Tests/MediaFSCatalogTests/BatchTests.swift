import FoundationEssentials
@testable import MediaFSCatalog
import MediaFSCore
import MediaFSTesting
import PosixIO
import SystemPackage
import Testing

/// What is not committed yet outlives the process, in the order in which it happened.
@Suite struct BatchTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  private var log: FilePath { FilePath(test.path + Catalog.logSuffix) }

  private func names(_ count: Int) -> [String] { (0..<count).map { "file \($0)" } }

  @Test func whatWasDoneIsThereAfterADeath() throws {
    for name in names(20) { try test.make(name) }
    try test.unlink("file 3")
    try test.reopen()
    #expect(test.catalog.recovered == 21)
    #expect(try test.list() == names(20).filter { $0 != "file 3" })
    #expect(try test.isQueued("file 4"))
    // Once is enough.
    try test.reopen()
    #expect(test.catalog.recovered == 0)
    #expect(try test.list().count == 19)
  }

  @Test func manyAreCommittedTogetherAndTheRestIsRecovered() throws {
    for name in names(1_234) { try test.make(name) }
    try test.reopen()
    #expect((1...499).contains(test.catalog.recovered))
    #expect(try test.list() == names(1_234))
  }

  @Test func whatFailedIsNotDoneOnceMore() throws {
    try test.make("d", .directory)
    try test.make("d/f")
    expectRefused(.directoryNotEmpty) { try test.removeDirectory("d") }
    expectRefused(.fileExists) { try test.make("d/f") }
    try test.make("g")
    try test.reopen()
    #expect(test.catalog.recovered == 3)
    #expect(try test.list() == ["d", "g"])
  }

  /// A power cut leaves what had come to the disk: some of the first operations, and no others.
  @Test(arguments: [0, 1, 27, 28, 29, 500, 5_000, 10_000])
  func ofATornLogTheBeginningIsTaken(length: Int64) throws {
    for name in names(10) { try test.make(name) }
    test.catalog.abandon()
    let file = try OwnedDescriptor(opening: log, .readWrite)
    try file.truncate(to: length)
    try test.reopen()
    #expect(try test.list() == names(test.catalog.recovered))
    #expect(test.catalog.recovered < 10)
  }

  @Test func aDamagedOperationEndsTheRecovery() throws {
    for name in names(10) { try test.make(name) }
    test.catalog.abandon()
    let file = try OwnedDescriptor(opening: log, .readWrite)
    // Of the first one, and then of none: it is in the place of another.
    let byte = try file.read(count: 1, at: 6_000)
    try file.write([byte[0] ^ 1], at: 6_000)
    try test.reopen()
    #expect((1..<10).contains(test.catalog.recovered))
    #expect(try test.list() == names(test.catalog.recovered))
  }

  @Test func theLogOfAnotherCatalogMeansNothing() throws {
    let other = try TestCatalog()
    try other.make("other")
    other.catalog.abandon()
    try test.make("mine")
    test.catalog.abandon()
    let file = try OwnedDescriptor(opening: FilePath(other.path + Catalog.logSuffix), .readOnly)
    try OwnedDescriptor(opening: log, .readWrite).write(file.read(count: 8_192, at: 0), at: 0)
    try test.reopen()
    #expect(test.catalog.recovered == 0)
    #expect(try test.list() == [])
  }

  /// A power cut takes the catalog back, and what it does then is nothing that the log still holds
  /// of the time before.
  @Test func whatWasLostIsNotDoneAfterAll() throws {
    try test.make("a")
    try test.catalog.synchronize()
    try test.make("b")
    try test.make("c")
    test.catalog.abandon()
    let lost = try OwnedDescriptor(opening: log, .readOnly).read(count: 100_000, at: 0)
    // The first operation has not come to the disk, and the second one has.
    let file = try OwnedDescriptor(opening: log, .readWrite)
    try file.write([UInt8](repeating: 0, count: 28), at: 0)
    try test.reopen()
    #expect(try test.list() == ["a"])
    try test.make("d")
    test.catalog.abandon()
    let kept = try file.read(count: 100_000, at: 0)
    #expect(kept != lost)
    try test.reopen()
    #expect(try test.list() == ["a", "d"])
  }

  /// Also where the catalog that is left has never given out any.
  @Test func numbersOfALostTimeAreNotGivenOutAgain() throws {
    try test.catalog.synchronize()
    let lost = try test.catalog.beginWriting(test.make("f").number, at: test.now)
    test.catalog.abandon()
    try FileTree.unlink(log)
    try test.reopen(boot: "after a cut")
    #expect(try test.list() == [])
    let next = try test.catalog.beginWriting(test.make("g").number, at: test.now)
    #expect(next.content > lost.content)
    #expect(next.number > lost.number)
  }

  /// One operation may change more than a log holds.
  @Test func whatIsTooLongForTheLogIsCommittedAtOnce() throws {
    try test.make("before")
    var etags: [String: String] = [:]
    for name in names(8_000) { etags[name] = "e" }
    try test.make("d", .directory)
    try test.upload("d")
    try test.ingest("d", etags: etags)
    try test.reopen()
    #expect(test.catalog.recovered == 0)
    #expect(try test.list("d").count == 8_000)
    #expect(try test.list() == ["before", "d"])
  }

  @Test func whoOnlyReadsSeesWhatIsNotCommitted() throws {
    try test.make("f")
    for _ in 0..<100 { #expect(try test.find("f") != nil) }
    let names = try test.catalog.readBeside { connection in
      try connection.rows("SELECT name FROM entry").map { $0[0] as String }
    }
    #expect(names == ["f"])
  }

  /// A disk that fails makes it do so whatever it was asked, a question too.
  @Test func whatSQLiteUndoesIsCarriedOutOnceMore() throws {
    func undo() throws {
      try test.catalog.connections.write { database in
        #expect(database.isInTransaction)
        try database.rollback()
      }
    }
    try test.make("a")
    try undo()
    #expect(try test.list() == ["a"])
    try undo()
    try test.make("b")
    try undo()
    try test.catalog.synchronize()
    #expect(try test.list() == ["a", "b"])
    try test.make("c")
    try undo()
    try test.reopen()
    #expect(try test.list() == ["a", "b", "c"])
  }

  /// Also where the operation takes no notice and returns.
  @Test(arguments: [false, true])
  func anOperationThatLosesItsTransactionHasNotHappened(fails: Bool) throws {
    try test.make("a")
    #expect(throws: (any Error).self) {
      try test.catalog.write { connection in
        try connection.run("UPDATE volume SET value = 'lost'")
        try connection.database.rollback()
        if fails { throw CancellationError() }
      }
    }
    #expect(try test.list() == ["a"])
    try test.make("b")
    try test.reopen()
    #expect(try test.list() == ["a", "b"])
  }

  @Test func nothingIsLeftOfTheLogAfterAnEnd() throws {
    try test.make("f")
    #expect(try FileTree.exists(log))
    try test.catalog.close()
    #expect(try !FileTree.exists(log))
    try test.reopen()
    #expect(try test.list() == ["f"])
  }

  /// Text and bytes of any kind come back as they were.
  @Test func valuesAreKept() throws {
    let values: [Value] = [
      .null, .integer(.min), .integer(-1), .text(""), .text("e\u{301} \u{1F600}'\""),
      .blob(Array([0, 255])),
    ]
    var bytes: [UInt8] = []
    RecordedStatement.append("SELECT ?", values, to: &bytes)
    RecordedStatement.append("", [], to: &bytes)
    let statements = try #require(RecordedStatement.all(in: bytes))
    #expect(statements.map(\.values) == [values, []])
    #expect(statements[0].sql == "SELECT ?")
    for count in 1..<bytes.count - 16 {
      let part = RecordedStatement.all(in: Array(bytes.prefix(count)))
      #expect(part == nil || part?.isEmpty == true, "\(count)")
    }
  }
}
