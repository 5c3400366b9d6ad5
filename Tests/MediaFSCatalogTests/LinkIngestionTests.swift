import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

/// Listings that speak of one name of many, and objects that turn out to be one inode.
@Suite struct LinkIngestionTests {
  private let test: TestCatalog

  /// "f" and "g" are one inode of 10 bytes, as objects "one" and "two".
  init() throws {
    test = try TestCatalog()
    try test.makeClean("f", "one")
    try test.link("f", to: "g")
    try test.copy("f", to: "g", "two")
    try test.upload("f", "one", paths: ["f", "g"])
    test.advance(5)
  }

  @Test func aListingOfWhatIsThereChangesNothing() throws {
    let before = try test.record("f")
    let outcome = try test.ingest(etags: ["f": "one", "g": "two"])
    #expect(outcome.changed.isEmpty && outcome.removed.isEmpty && outcome.added.isEmpty)
    #expect(try test.record("f") == before)
  }

  @Test func aNameThatStandsForSomethingElseBecomesAnotherInode() throws {
    let before = try test.record("f")
    let places = try test.catalog.children(of: .root, after: 0, limit: 10).map(\.entry)
    let outcome = try test.ingest(etags: ["f": "one", "g": "theirs"])
    #expect(outcome.changed.isEmpty && outcome.removed.isEmpty)
    #expect(outcome.moved == [before.number])
    let (f, g) = (try test.record("f"), try test.record("g"))
    #expect(f.number == before.number && f.linkCount == 1 && f.object == before.object)
    #expect(g.number != f.number && g.object?.etag == ETag("theirs"))
    #expect(try test.catalog.children(of: .root, after: 0, limit: 10).map(\.entry) == places)
    #expect(try test.catalog.placement(of: f.number)?.aliases.isEmpty == true)
  }

  @Test func whatTheOthersAreDoesNotDependOnTheFirst() throws {
    let before = try test.record("f")
    let outcome = try test.ingest(etags: ["f": "theirs", "g": "two"])
    #expect(outcome.changed.isEmpty && outcome.moved == [before.number])
    let (f, g) = (try test.record("f"), try test.record("g"))
    #expect(g.number == before.number && g.object == TestCatalog.object("g", "two", size: 10))
    #expect(f.number != g.number && f.object?.etag == ETag("theirs"))
    // What is cached is what it was.
    #expect(try test.catalog.extents(of: g.content) == ByteRangeSet(0..<10))
  }

  @Test(arguments: ["f", "g"])
  func aNameThatIsGoneIsOneLess(gone: String) throws {
    let before = try test.record("f")
    let left = gone == "f" ? "g" : "f"
    let outcome = try test.ingest(etags: [left: left == "f" ? "one" : "two"])
    #expect(outcome.removed.isEmpty)
    #expect(try outcome.added == [TestCatalog.name(gone)])
    let after = try test.record(left)
    #expect(after.number == before.number && after.linkCount == 1)
    #expect(after.object?.key == ObjectKey(left))
    #expect(try test.find(gone) == nil)
    #expect(try test.catalog.dueTombstones(by: test.now, limit: 9, excluding: []).isEmpty)
  }

  @Test func whenAllNamesAreGoneSoIsTheInode() throws {
    let number = try test.record("f").number
    let outcome = try test.ingest(etags: [:])
    #expect(outcome.removed.map(\.inode.number) == [number])
    #expect(try test.catalog.inode(number) == nil)
    #expect(try test.catalog.dueTombstones(by: test.now, limit: 9, excluding: []).isEmpty)
  }

  @Test func anOlderListingKnowsNothing() throws {
    test.advance(-5)
    try test.ingest(etags: ["f": "theirs"], began: test.now.advanced(by: .seconds(-1)))
    #expect(try test.record("f").number == test.record("g").number)
  }

  @Test func whatWasWrittenHereStays() throws {
    try test.write("f", size: 20)
    try test.ingest(etags: ["f": "theirs", "g": "theirs"])
    #expect(try test.record("f").number == test.record("g").number)
    #expect(try test.record("f").size == 20)
  }

  /// The only object with the new bytes was replaced before it was copied: what it was replaced
  /// with is what all names are.
  @Test func aChangeOfTheOnlyObjectIsAChangeOfAllNames() throws {
    let number = try test.write("f", size: 20).number
    try test.upload("f", "three", paths: ["f", "g"])
    try test.catalog.removeExtents(Segment(content: test.record("f").content, index: 0))
    test.advance(5)
    let outcome = try test.ingest(etags: ["f": "theirs", "g": "two"])
    #expect(outcome.changed.map(\.number) == [number])
    let (f, g) = (try test.record("f"), try test.record("g"))
    #expect(f.number == g.number && f.object?.etag == ETag("theirs") && f.linkCount == 2)
    #expect(try test.catalog.placement(of: f.number)?.aliases.first?.version != f.version)
    #expect(try test.catalog.item(of: f.number) != nil)
  }

  @Test func aDirectoryThatIsGoneTakesOneNameOfMany() throws {
    try test.make("d", .directory)
    try test.upload("d")
    let number = try test.link("f", to: "d/h").number
    try test.copy("f", to: "d/h", "three")
    try test.upload("f", "one", paths: ["f", "g", "d/h"])
    test.advance(5)
    try test.ingest(etags: ["f": "one", "g": "two"])
    let after = try test.record("f")
    #expect(after.number == number && after.linkCount == 2)
    #expect(try test.find("d") == nil)
    #expect(try test.catalog.placement(of: number)?.aliases.map(\.object.key) == [ObjectKey("g")])
  }

  // MARK: Learning

  private static let state = "77.5.3.2"

  private func attributes(
    count: UInt32, state: String = LinkIngestionTests.state,
    permissions: UInt32 = 0o640
  ) -> LearnedAttributes {
    let time = TestCatalog.at(9)
    return LearnedAttributes(
      kind: .regular, permissions: permissions, owner: Owner(user: 1, group: 1), accessed: time,
      modified: time, changed: time,
      link: LinkGroup(name: "77.5", count: count, state: state))
  }

  private func learn(_ path: String, _ attributes: LearnedAttributes) throws {
    let record = try test.record(path)
    try test.catalog.learn(attributes, of: record.number, etag: record.object?.etag)
  }

  private func unite(_ path: String) throws -> [Union] {
    let open = test.open
    return try test.catalog.unite(test.record(path).number, at: test.now) { open.contains($0) }
  }

  /// "x" and "y" are objects that nobody has looked at.
  private func findTwo() throws {
    try test.ingest(etags: ["f": "one", "g": "two", "x": "three", "y": "four"])
  }

  @Test func twoObjectsOfOneInodeAreOneInode() throws {
    try findTwo()
    // The older one stays.
    let isFirst = try test.record("x").number < test.record("y").number
    let (first, second) = isFirst ? ("x", "y") : ("y", "x")
    try learn(first, attributes(count: 2))
    #expect(try test.record(first).linkCount == 2)
    #expect(try unite(first).isEmpty)
    let number = try test.record(first).number
    let other = try #require(try test.record(second).object)
    try learn(second, attributes(count: 2))
    let union = try #require(try unite(second).first)
    #expect(union.survivor == number)
    #expect(try union.names.map(\.name) == [TestCatalog.name(second)])
    let (x, y) = (try test.record("x"), try test.record("y"))
    #expect(x.number == number && y == x && x.linkCount == 2)
    let placement = try #require(try test.catalog.placement(of: number))
    #expect(placement.aliases.map(\.object) == [other])
    #expect(placement.aliases.map(\.version) == [x.version])
    #expect(try isIdle())
  }

  private func isIdle() throws -> Bool {
    let strays = try test.catalog.enqueueStrays(at: test.now)
    return try strays == 0 && test.catalog.nextDue() == nil
  }

  @Test func anotherStateIsAnotherInode() throws {
    try findTwo()
    try learn("x", attributes(count: 2))
    try learn("y", attributes(count: 2, state: "77.5.4.2"))
    #expect(try unite("y").isEmpty)
    #expect(try test.record("x").number != test.record("y").number)
  }

  /// The words are those of the same state, and yet somebody has changed one of them.
  @Test func otherAttributesAreAnotherInode() throws {
    try findTwo()
    try learn("x", attributes(count: 2))
    try learn("y", attributes(count: 2, permissions: 0o600))
    #expect(try unite("y").isEmpty)
  }

  @Test func anOpenOneStays() throws {
    try findTwo()
    try learn("x", attributes(count: 2))
    try learn("y", attributes(count: 2))
    let (x, y) = (try test.record("x").number, try test.record("y").number)
    test.open = [x, y]
    #expect(try unite("x").isEmpty)
    test.open = [y]
    #expect(try unite("x").map(\.survivor) == [y])
    #expect(try test.record("x").number == y)
  }

  @Test func whatWasChangedHereStaysByItself() throws {
    try findTwo()
    try learn("x", attributes(count: 2))
    try learn("y", attributes(count: 2))
    try test.write("x", size: 20)
    #expect(try unite("y").isEmpty)
  }
}
