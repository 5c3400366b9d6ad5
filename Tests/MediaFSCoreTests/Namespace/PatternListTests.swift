import MediaFSCore
import Testing

@Suite struct PatternListTests {
  private func path(_ text: String) throws -> [FileName] {
    try text.split(separator: "/").map { try #require(FileName(String($0))) }
  }

  @Test(arguments: [
    ("*.part:cache", "a/b.part", true), ("*.part:cache", "x/cache/y", true),
    ("*.part:cache", "x/caches", false), ("a\\:b", "a:b", true), ("a\\:b", "a", false),
    ("", "a", false), ("::x:", "x", true), ("a\\\\:b", "b", true),
  ])
  func covers(text: String, name: String, expected: Bool) throws {
    #expect(try PatternList(parsing: text).covers(path(name)) == expected)
  }

  @Test func aListOfPatternsReadsBackWithItsColons() throws {
    let list = try PatternList(parsing: PatternList.joined(["a:b", "*.tmp"]))
    for (name, expected) in [("a:b", true), ("x.tmp", true), ("a", false), ("b", false)] {
      #expect(try list.covers(path(name)) == expected)
    }
  }

  @Test func theRootIsNeverCovered() throws {
    #expect(try !PatternList(parsing: "**").covers([]))
  }

  @Test func aBrokenPatternIsRefused() {
    #expect(throws: GlobError.self) { try PatternList(parsing: "ok:[a") }
  }
}
