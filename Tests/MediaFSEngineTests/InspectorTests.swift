import MediaFSCache
@testable import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Synchronization
import SystemPackage
import Testing

/// What must never be is found by the inspection, each of it by its name; and nothing else is.
@Suite struct InspectorTests {
  /// What somebody does behind the catalog's back, and what is found.
  struct Fault: Sendable, CustomTestStringConvertible {
    var rule: Violation.Rule
    var sql: String
    var testDescription: String { rule.rawValue }

    init(_ rule: Violation.Rule, _ sql: String) {
      self.rule = rule
      self.sql = sql
    }
  }

  private static let faults = [
    Fault(.notQueued, "DELETE FROM journal"),
    Fault(.queuedWithoutName, "INSERT INTO journal (inode, since, due) VALUES (999, 0, 0)"),
    Fault(.wrongNames, "UPDATE inode SET links = 0 WHERE object_key IS NOT NULL"),
    Fault(.danglingName, "INSERT INTO entry (parent, name, inode) VALUES (1, 'x', 999)"),
    Fault(
      .cleanWithoutObject,
      "UPDATE inode SET object_key = NULL, object_etag = NULL WHERE object_key IS NOT NULL"),
    Fault(.strangeContent, "UPDATE content SET inode = 999"),
    Fault(.wrongHoles, "UPDATE inode SET hole_bytes = 7 WHERE object_key IS NOT NULL"),
    Fault(
      .outsideNamespace,
      "UPDATE inode SET object_key = 'nt/clean' WHERE object_key IS NOT NULL"),
    Fault(
      .outsideNamespace, "INSERT INTO tombstone (key, size, since) VALUES ('other/key', 0, 0)"),
  ]

  /// A volume with a file that the store has, and one that it does not have yet, at rest.
  private static func atRest() async throws -> TestVolume {
    let fs = try TestVolume()
    try await fs.write("clean", TestVolume.pattern(10_000))
    try await fs.drain()
    fs.volume.setPaused(true)
    try await fs.write("dirty", TestVolume.pattern(5_000))
    await fs.volume.reconciler.stop()
    return fs
  }

  private static func rules(_ fs: TestVolume) throws -> [Violation.Rule] {
    try Inspector(context: fs.volume.context).violations().map(\.rule)
  }

  @Test func nothingIsFoundWhereNothingIs() async throws {
    let fs = try await Self.atRest()
    #expect(try Self.rules(fs) == [])
  }

  @Test(arguments: faults) func aFaultyRowIsFound(_ fault: Fault) async throws {
    let fs = try await Self.atRest()
    try fs.volume.context.catalog.write { try $0.run(fault.sql) }
    #expect(try Self.rules(fs).contains(fault.rule))
  }

  @Test func aRemovedContentFileIsFound() async throws {
    let fs = try await Self.atRest()
    for (name, rule) in [("clean", Violation.Rule.extentWithoutBytes), ("dirty", .lostBytes)] {
      let context = fs.volume.context
      let record = try #require(try context.catalog.inode(await fs.inode(name)))
      try context.disk.remove(record.content)
      #expect(try Self.rules(fs).contains(rule))
    }
  }

  @Test func whatIsNotQueuedIsQueuedAgain() async throws {
    let fs = try await Self.atRest()
    try fs.volume.context.catalog.write { try $0.run("DELETE FROM journal") }
    #expect(try Self.rules(fs) == [.notQueued])
    #expect(try Self.rules(fs) == [])
  }

  @Test func aWrongAccountIsSetRight() async throws {
    let fs = try await Self.atRest()
    let account = fs.volume.context.space.account
    let used = account.used
    #expect(account.reserve(123))
    #expect(try Self.rules(fs) == [.wrongUsage])
    #expect(account.used == used)
    #expect(try Self.rules(fs) == [])
  }

  @Test func theStatusCountsWhatTheStartHasFound() async throws {
    let fs = try await Self.atRest()
    try fs.volume.context.catalog.write { try $0.run(Self.faults[6].sql) }
    try await fs.crash()
    try eventually("the count of violations", within: .seconds(20)) {
      try fs.volume.status().violations == 1
    }
  }

  @Test func itLooksAgainEveryHour() async throws {
    let hour = HeldDeadlines(of: .seconds(3_600))
    hour.arm()
    let fs = try TestVolume(deadlines: hour) { $0.uploadEnabled = false }
    try await fs.write("dirty", [1])
    await hour.first.reached()
    #expect(try fs.volume.status().violations == 0)
    try fs.volume.context.catalog.write { try $0.run("DELETE FROM journal") }
    hour.first.open()
    await hour.later.reached()
    #expect(try fs.volume.status().violations == 1)
    await fs.stop()
  }
}
