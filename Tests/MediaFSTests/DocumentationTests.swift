import MediaFSTesting
import Testing

@testable import mediafs

/// The Configuration chapter says what the program does.
@Suite struct DocumentationTests {
  private let lines: [String]

  init() throws {
    let path = "/Sources/mediafs/Documentation.docc/Configuration.md"
    let text = try TextFile.read(TestEnvironment.root + path, limit: 1 << 20).text
    lines = text.split(separator: "\n").map(String.init)
  }

  @Test func everyKeyHasItsRowAndDefault() {
    for key in ConfigurationTable.keys {
      let value = key.defaultValue.isEmpty ? "–" : "`\(key.defaultValue)`"
      let row = "| `\(key.name)` | \(value) |"
      #expect(lines.contains { $0.hasPrefix(row) }, "no row begins with \(row)")
    }
  }

  @Test func noRowIsWithoutAKey() {
    let rows = lines.filter { $0.hasPrefix("| `") && $0.contains(".") }
    let names = rows.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
    #expect(!names.isEmpty)
    for name in names { #expect(ConfigurationTable.key(named: name) != nil, "\(name)") }
  }

  @Test func everyVariableIsNamed() {
    for alias in ConfigurationTable.keys.flatMap(\.aliases) {
      #expect(lines.contains { $0.contains("`\(alias)`") }, "\(alias)")
    }
  }

  @Test func everyExitStatusHasItsRow() {
    for status in ExitCode.allCases {
      #expect(lines.contains("| \(status.rawValue) | \(status.meaning) |"), "\(status)")
    }
  }

  @Test func everyOptionOfMountIsNamed() {
    let text = lines.joined(separator: " ")
    for name in ["ro", "rw", "uid=", "noatime", "nosuid", "_netdev", "nofail", "nocheck"] {
      #expect(text.contains("`\(name)`") || text.contains("-o \(name)"), "\(name)")
    }
  }
}
