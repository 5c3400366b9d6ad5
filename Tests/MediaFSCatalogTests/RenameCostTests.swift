import GRDB
@testable import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import Testing

/// A rename costs what the depth of its path costs, whatever lies beneath.
@Suite struct RenameCostTests {
  private func tree(_ count: Int) throws -> TestCatalog {
    let test = try TestCatalog()
    try test.ingest(directories: ["p", "q"])
    try test.ingest("p", directories: ["d"])
    try test.ingest("q")
    var etags: [String: String] = [:]
    for index in 0..<count { etags["file \(index)"] = "e" }
    try test.ingest("p/d", etags: etags)
    return test
  }

  private func changes(_ test: TestCatalog, _ body: () throws -> Void) throws -> Int {
    let count = { test.catalog.pool.writeWithoutTransaction { $0.totalChangesCount } }
    let before = count()
    try body()
    return count() - before
  }

  @Test func aLargeDirectoryChangesAsManyRowsAsASmallOne() throws {
    var costs: [Int] = []
    for size in [1, 5_000] {
      let test = try tree(size)
      costs.append(try changes(test) { try test.rename("p/d", to: "q/e") })
    }
    #expect(costs[0] == costs[1])
    #expect(costs[0] < 20)
  }

  /// What SQLite would have to read through grows with the table; what it looks up does not.
  @Test func noStatementReadsThroughATable() throws {
    let test = try tree(10)
    let statements = Mutex<Set<String>>([])
    test.catalog.pool.writeWithoutTransaction { database in
      database.trace { event in
        guard case .statement(let statement) = event else { return }
        let sql = statement.expandedSQL
        let isOfTransaction = ["BEGIN", "SAVEPOINT", "RELEASE", "COMMIT"]
        guard !isOfTransaction.contains(where: { sql.hasPrefix($0) }) else { return }
        statements.withLock { _ = $0.insert(sql) }
      }
    }
    try test.rename("p/d", to: "q/e")
    try test.exchange("p", with: "q/e")
    test.catalog.pool.writeWithoutTransaction { $0.trace() }
    let ran = statements.withLock { $0 }
    #expect(ran.count > 20)
    for sql in ran {
      let plan = try test.catalog.snapshot { connection in
        try connection.rows("EXPLAIN QUERY PLAN " + sql).map { $0[3] as String }
      }
      #expect(plan.allSatisfy { !$0.hasPrefix("SCAN") || $0 == "SCAN CONSTANT ROW" }, "\(sql)")
    }
  }
}
