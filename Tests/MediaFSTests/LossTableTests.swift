import MediaFSTesting
import Testing

@testable import mediafs

/// The Contributing chapter names a test for everything that others lost.
@Suite struct LossTableTests {
  /// As `A1`, and the tests as `Suite.function`.
  private struct Row {
    let number: String
    let tests: [String]

    init?(_ line: Substring) {
      let cells = line.split(separator: "|").map { $0.drop(while: \.isWhitespace) }
      guard cells.count == 3, let letter = cells[0].first, "ABCD".contains(letter),
        Int(cells[0].dropFirst().prefix { $0.isNumber }) != nil
      else { return nil }
      number = String(cells[0].prefix { !$0.isWhitespace })
      tests = cells[2].split(separator: "`").map(String.init).filter { $0.contains(".") }
    }
  }

  @Test func everyLossHasATestThatExists() throws {
    let path = "/Sources/mediafs/Documentation.docc/Contributing.md"
    let rows = try TextFile.read(TestEnvironment.root + path, limit: 1 << 20).text
      .split(separator: "\n").compactMap { Row($0) }
    let bounds = [("A", 1...16), ("B", 17...23), ("C", 24...32), ("D", 33...37)]
    let numbers = bounds.flatMap { letter, range in range.map { "\(letter)\($0)" } }
    #expect(rows.map(\.number) == numbers)
    let sources = try TestSources.all()
    for row in rows {
      #expect(!row.tests.isEmpty, "\(row.number) has no test")
      for test in row.tests {
        let parts = test.split(separator: ".")
        let isThere = sources.contains {
          $0.contains(" \(parts[0]) {") && $0.contains("func \(parts[parts.count - 1])(")
        }
        #expect(isThere, "\(row.number): no test is called \(test)")
      }
    }
  }
}
