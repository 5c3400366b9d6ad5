import MediaFSCore
import MediaFSTesting
import Testing

@Suite struct GlobTests {
  @Test(arguments: [
    ("*.part", "a.part", true), ("*.part", "d/e/a.part", true), ("*.part", "a.part/b", false),
    ("*.part", ".part", true), ("a?c", "abc", true), ("a?c", "aéc", true), ("a?c", "a/c", false),
    ("/a", "a", true), ("/a", "d/a", false), ("d/*", "d/a", true), ("d/*", "d/a/b", false),
    ("d/**", "d/a/b", true), ("d/**", "d", false), ("**/a", "a", true), ("**/a", "x/y/a", true),
    ("**/a", "xa", false), ("d/**/a", "d/a", true), ("d/**/a", "d/x/y/a", true),
    ("d/**/a", "d/xa", false), ("**", "a/b", true), ("[a-c]x", "bx", true), ("[a-c]x", "dx", false),
    ("[!a-c]x", "dx", true), ("[^a-c]x", "bx", false), ("[]]", "]", true), ("[a-]", "-", true),
    ("[!/]a", "b/a", false), ("\\*", "*", true), ("\\*", "a", false), ("[\\]]", "]", true),
    ("cache/", "cache", true), ("e\u{301}", "\u{E9}", false), ("x/a**b", "x/a/b", true),
    ("*", "", true), ("a/*/c", "a//c", true),
  ])
  func matches(pattern: String, path: String, expected: Bool) throws {
    #expect(try Glob(parsing: pattern).matches(path) == expected)
  }

  @Test(arguments: [
    ("url_cache", "url_cache/2024/a", true), ("url_cache", "x/url_cache/a", true),
    ("/url_cache", "x/url_cache/a", false), ("*.tmp", "a.tmp/b", true), ("a/b", "a/b/c/d", true),
    ("a/b", "a/bc", false), ("c", "a/b", false), ("a/b", "a/b", true),
  ])
  func coversWhatLiesBeneath(pattern: String, path: String, expected: Bool) throws {
    #expect(try Glob(parsing: pattern).covers(path) == expected)
  }

  @Test(arguments: [
    ("", "is empty"), ("/", "is empty"), ("a\\", "ends with a backslash"),
    ("[a", "has a \"[\" without a \"]\""), ("[]", "has a \"[\" without a \"]\""),
    ("[z-a]", "has a range that runs backwards"),
  ])
  func refuses(pattern: String, cause: String) {
    #expect(throws: GlobError(pattern: pattern, cause: cause)) { try Glob(parsing: pattern) }
  }

  /// A backtracking matcher would need longer than the universe has.
  @Test func noPatternStalls() throws {
    let glob = try Glob(parsing: String(repeating: "*a", count: 60) + "b")
    #expect(!glob.matches(String(repeating: "a", count: 4_000)))
    let deep = try Glob(parsing: String(repeating: "**/a*/", count: 30) + "b")
    #expect(!deep.matches(String(repeating: "a/", count: 300) + "c"))
  }

  @Test(arguments: UInt64(1)...10)
  func agreesWithBacktracking(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    func text(_ alphabet: [String], _ length: Int) -> String {
      (0..<length).map { _ in alphabet.randomElement(using: &random) ?? "" }.joined()
    }
    for _ in 0..<1_000 {
      // A slash inside, so that the whole path is what counts; none at either end.
      let pattern =
        "x/" + text(["a", "b", "*", "?", "/", "**", "**/"], .random(in: 0..<6, using: &random))
        + "a"
      let path = "x/" + text(["a", "b", "/"], .random(in: 0..<7, using: &random)) + "a"
      let expected = Self.backtrack(Array(pattern)[...], Array(path)[...], atStart: true)
      let glob = try Glob(parsing: pattern)
      #expect(glob.matches(path) == expected, "seed \(seed): \(pattern) against \(path)")
    }
  }

  private static func backtrack(
    _ pattern: ArraySlice<Character>, _ path: ArraySlice<Character>, atStart: Bool
  ) -> Bool {
    guard let head = pattern.first else { return path.isEmpty }
    let tail = pattern.dropFirst()
    if head == "*", tail.first == "*" {
      let rest = pattern.drop { $0 == "*" }
      if atStart, rest.first == "/" {
        let inner = rest.dropFirst()
        if backtrack(inner, path, atStart: true) { return true }
        return path.indices.contains {
          path[$0] == "/" && backtrack(inner, path[($0 + 1)...], atStart: true)
        }
      }
      return (path.startIndex...path.endIndex).contains {
        backtrack(rest, path[$0...], atStart: false)
      }
    }
    if head == "*" {
      let reach = path.prefix { $0 != "/" }.endIndex
      return (path.startIndex...reach).contains { backtrack(tail, path[$0...], atStart: false) }
    }
    guard let first = path.first, head == "?" ? first != "/" : first == head else { return false }
    return backtrack(tail, path.dropFirst(), atStart: head == "/")
  }
}
