@testable import MediaFSCatalog
import MediaFSCore
import ObjectStorage
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
    let count = { try test.catalog.connections.write { $0.totalChangesCount } }
    let before = try count()
    try body()
    return try count() - before
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
    try test.catalog.connections.write { $0.forgetStatements() }
    try test.rename("p/d", to: "q/e")
    try test.exchange("p", with: "q/e")
    let isOfTransaction = ["BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT"]
    let ran = try test.catalog.connections.write { $0.preparedTexts }.filter { sql in
      !isOfTransaction.contains { sql.hasPrefix($0) }
    }
    #expect(ran.count > 10)
    for sql in ran {
      let plan = try test.catalog.read { connection in
        try connection.rows("EXPLAIN QUERY PLAN " + sql).map { $0[3] as String }
      }
      #expect(plan.allSatisfy { !$0.hasPrefix("SCAN") || $0 == "SCAN CONSTANT ROW" }, "\(sql)")
    }
  }
}
