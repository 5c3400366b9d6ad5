import MediaFSCatalog
import MediaFSCore
import MediaFSTesting
import Testing

/// A directory is read in pages while its names come and go.
@Suite struct ReadOrderTests {
  private static let names = (0..<24).map { "n\($0)" }

  @Test(arguments: UInt64(1)...60)
  func neitherSkipsNorRepeatsWhatIsThereThroughout(seed: UInt64) throws {
    let test = try TestCatalog()
    var random = SeededRandom(seed: seed)
    try test.make("d", .directory)
    try test.make("other", .directory)
    for name in Self.names where Bool.random(using: &random) { try test.make("d/" + name) }
    let directory = try test.record("d").number
    for _ in 0..<6 {
      var throughout = Set(try test.list("d"))
      var read: [String] = []
      var last: Int64 = 0
      while true {
        let limit = Int.random(in: 1...4, using: &random)
        let page = try test.catalog.children(of: directory, after: last, limit: limit)
        read += page.map(\.name)
        guard page.count == limit, let end = page.last else { break }
        last = end.entry
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          throughout.formIntersection(try Self.change(test, &random))
        }
      }
      for name in throughout {
        #expect(read.count { $0 == name } == 1, "seed \(seed), \(name) in \(read)")
      }
    }
  }

  /// Changes something in the directory and returns the names that were there all the time.
  private static func change(
    _ test: TestCatalog, _ random: inout SeededRandom
  ) throws -> Set<String> {
    let before = Set(try test.list("d"))
    let one = names.randomElement(using: &random) ?? ""
    let other = names.randomElement(using: &random) ?? ""
    switch Int.random(in: 0..<6, using: &random) {
    case 0, 1:
      if !before.contains(one) { try test.make("d/" + one) }
    case 2:
      if before.contains(one) { try test.unlink("d/" + one) }
    case 3:
      // Over another file, as editors save: that name is there throughout.
      if before.contains(one) { try test.rename("d/" + one, to: "d/" + other) }
    case 4:
      try test.make("other/tmp")
      try test.rename("other/tmp", to: "d/" + one)
    default:
      if before.contains(one), before.contains(other) {
        try test.exchange("d/" + one, with: "d/" + other)
      }
    }
    return before.intersection(try test.list("d"))
  }

  @Test func pagesGoOnBehindTheLastEntry() throws {
    let test = try TestCatalog()
    for name in ["c", "a", "b"] { try test.make(name) }
    let first = try test.catalog.children(of: .root, after: 0, limit: 2)
    #expect(first.map(\.name) == ["c", "a"])
    let last = try #require(first.last)
    let second = try test.catalog.children(of: .root, after: last.entry, limit: 2)
    #expect(second.map(\.name) == ["b"])
    #expect(second.first?.inode == (try test.record("b")))
  }
}
