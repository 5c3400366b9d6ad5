import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

@Suite struct ListingFoldTests {
  private static func object(_ key: String, size: Int64 = 1) -> ListedObject {
    ListedObject(key: ObjectKey(key), size: size, etag: ETag("e"), lastModified: .epoch)
  }

  private static func fold(
    _ prefix: String, _ directory: [String] = [], objects: [String] = [], prefixes: [String] = []
  ) -> ListingFold {
    var fold = ListingFold(KeySpace(prefix: prefix), directory: directory.compactMap(FileName.init))
    let page = ListPage(
      objects: objects.map { object($0) }, commonPrefixes: prefixes.map(ObjectKey.init))
    fold.add(page)
    return fold
  }

  private static func names(_ fold: ListingFold) -> [String] {
    fold.children.map { $0.name.text + ($0.isDirectory ? "/" : "") }
  }

  @Test func aFoldedPageBecomesEntries() {
    let fold = Self.fold(
      "org/", ["d"], objects: ["org/d/", "org/d/b", "org/d/a"], prefixes: ["org/d/c/"])
    #expect(Self.names(fold) == ["a", "b", "c/"])
    #expect(fold.marker == Self.object("org/d/"))
    #expect(fold.unmappable == 0)
    #expect(fold.clashes.isEmpty)
  }

  @Test func aDeepListingGivesTheSameEntriesAndTheMarkers() {
    let fold = Self.fold("org/", objects: ["org/", "org/a", "org/c/", "org/c/d", "org/e/f/g"])
    #expect(Self.names(fold) == ["a", "c/", "e/"])
    #expect(fold.marker == Self.object("org/"))
    let directories = fold.children.map(\.content).dropFirst()
    #expect(directories == [.directory(marker: Self.object("org/c/")), .directory(marker: nil)])
  }

  @Test(arguments: [["org/x", "org/x/"], ["org/x/", "org/x"]])
  func theDirectoryWinsAndTheClashIsTold(order: [String]) {
    var fold = ListingFold(KeySpace(prefix: "org/"), directory: [])
    for key in order {
      let isPrefix = key.utf8.last == UInt8(ascii: "/")
      fold.add(
        ListPage(
          objects: isPrefix ? [] : [Self.object(key)],
          commonPrefixes: isPrefix ? [ObjectKey(key)] : []))
    }
    #expect(Self.names(fold) == ["x/"])
    #expect(fold.clashes == [FileName("x")])
  }

  @Test func whatHasNoPathIsCounted() {
    let fold = Self.fold(
      "org/", objects: ["org/.", "org/..", "other", "org/a\0", "org/ok", "org//deep"],
      prefixes: ["org//", "org/../", "org/" + String(repeating: "x", count: 256) + "/"])
    #expect(Self.names(fold) == ["ok"])
    #expect(fold.unmappable == 8)
  }

  @Test func reservedNamesAreHiddenInTheRootOnly() {
    let root = Self.fold(
      "org/", objects: ["org/.mediafs", "org/.mediafs/x"], prefixes: ["org/.mediafs/"])
    #expect(Self.names(root).isEmpty)
    #expect(root.unmappable == 0)
    let below = Self.fold("org/", ["d"], objects: ["org/d/.mediafs"])
    #expect(Self.names(below) == [".mediafs"])
  }

  @Test func aLiteralPrefixNeedsNoSlash() {
    let fold = Self.fold("org-", objects: ["org-", "org-a"], prefixes: ["org-b/"])
    #expect(Self.names(fold) == ["a", "b/"])
    #expect(fold.marker == nil)
    #expect(fold.unmappable == 1)
  }

  @Test func theLaterAnswerCounts() {
    var fold = ListingFold(KeySpace(prefix: ""), directory: [])
    fold.add(ListPage(objects: [Self.object("a", size: 1)], commonPrefixes: [ObjectKey("d/")]))
    fold.add(ListPage(objects: [Self.object("a", size: 2)], commonPrefixes: [ObjectKey("d/")]))
    #expect(Self.names(fold) == ["a", "d/"])
    #expect(fold.children.first?.object?.size == 2)
  }

  /// Folding what a store folded is folding everything, however the pages are cut.
  @Test(arguments: UInt64(1)...10)
  func pagesAndDepthDoNotMatter(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let segments = ["a", "b", "a-", "é", "e\u{301}", "c/d", "c/", "a/x", "..", ""]
    let keys = Set(
      (0..<30).map { _ in
        ObjectKey("o/" + (segments.randomElement(using: &random) ?? ""))
      })
    var deep = ListingFold(KeySpace(prefix: "o/"), directory: [])
    deep.add(ListPage(objects: keys.map { Self.object($0.text) }))
    var folded = ListingFold(KeySpace(prefix: "o/"), directory: [])
    for key in keys.sorted().shuffled(using: &random) {
      let tail = key.text.utf8.dropFirst(2)
      if let slash = tail.firstIndex(of: UInt8(ascii: "/")) {
        let prefix = String(key.text[...slash])
        folded.add(ListPage(commonPrefixes: [ObjectKey(prefix)]))
      } else {
        folded.add(ListPage(objects: [Self.object(key.text)]))
      }
    }
    #expect(Self.names(deep) == Self.names(folded), "seed \(seed)")
    #expect(deep.clashes == folded.clashes, "seed \(seed)")
    #expect(deep.marker == folded.marker, "seed \(seed)")
  }
}
