import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

@Suite struct TreeSourceTests {
  @Test(arguments: [
    ("", []), ("f", []), ("a/f", ["a/"]), ("a/b/f", ["a/b/", "a/"]), ("a/", ["a/"]),
    ("a/b/", ["a/b/", "a/"]),
  ])
  func everyDirectoryAboveAKeyCoversIt(key: String, sources: [String]) {
    #expect(TreeSource.covering(key) == sources)
  }

  /// U+0301 makes one character with the letter before it, and none of its own before "/".
  @Test func keysAreCutByBytes() {
    let sources = TreeSource.covering("e\u{301}/\u{301}/f")
    #expect(
      sources.map { Array($0.utf8) } == [Array("e\u{301}/\u{301}/".utf8), Array("e\u{301}/".utf8)])
  }

  @Test func composedAndDecomposedSourcesDiffer() {
    let composed = TreeSource(prefix: "\u{E9}/", isPending: true)
    #expect(composed == TreeSource(prefix: "\u{E9}/", isPending: true))
    #expect(composed != TreeSource(prefix: "e\u{301}/", isPending: true))
    #expect(composed != TreeSource(prefix: "\u{E9}/", isPending: false))
  }

  /// What covers a key is what it begins with, and nothing else.
  @Test(arguments: UInt64(1)...50)
  func coveringMeansBeingTheBeginning(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let letters = ["a", "b", "\u{301}", "é"]
    func path() -> String {
      (0..<Int.random(in: 1...4, using: &random)).map { _ in
        (0..<Int.random(in: 1...2, using: &random)).map { _ in
          letters[Int.random(in: 0..<letters.count, using: &random)]
        }.joined() + "/"
      }.joined()
    }
    for _ in 0..<50 {
      let (source, key) = (path(), path() + "f")
      let covers = TreeSource.covering(key).contains { $0.utf8.elementsEqual(source.utf8) }
      #expect(covers == key.utf8.starts(with: source.utf8), "seed \(seed): \(source) \(key)")
    }
  }

  @Test func aSourceGrowsWithThePathBeneathIt() throws {
    let names = try ["x", "y z"].map { try #require(FileName($0)) }
    let source = TreeSource(beneath: "a/", names, isPending: true)
    #expect(source == TreeSource(prefix: "a/x/y z/", isPending: true))
    #expect(KeySpace(prefix: "org/").prefix(of: source) == "org/a/x/y z/")
    #expect(KeySpace(prefix: "org/").relativeText(of: ObjectKey("org/a/f")) == "a/f")
    #expect(KeySpace(prefix: "org/").relativeText(of: ObjectKey("orga/f")) == nil)
  }
}
