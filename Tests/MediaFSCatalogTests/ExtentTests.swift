import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

@Suite struct ExtentTests {
  private static let length = Segment.length
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  /// A file that the store has and of which nothing is here.
  private func remote(_ name: String, segments: Int64) throws -> InodeRecord {
    let object = TestCatalog.object(name, "e", size: segments * Self.length)
    var files = [name: object]
    for known in try test.list() { files[known] = try test.record(known).object }
    try test.ingest(files: files)
    return try test.catalog.allocateContent(test.record(name).number)
  }

  private func put(
    _ file: InodeRecord, _ segments: Range<Int64>, _ runs: [Range<Int64>], at seconds: Int64 = 1
  ) throws {
    try test.catalog.replaceExtents(
      of: file.content, segments: segments, with: runs, accessed: TestCatalog.at(seconds))
  }

  private func order(limit: Int = 100) throws -> [Segment] {
    try test.catalog.evictable(limit: limit).map(\.segment)
  }

  @Test func aContentFileIsAllocatedOnce() throws {
    let file = try remote("f", segments: 1)
    #expect(file.content != .none)
    #expect(try test.catalog.allocateContent(file.number).content == file.content)
    #expect(try test.catalog.owner(of: file.content) == file.number)
    #expect(try test.catalog.owner(of: ContentNumber(99)) == nil)
  }

  @Test func replacesSegmentBySegment() throws {
    let file = try remote("f", segments: 3)
    try put(file, 0..<3, [0..<10, Self.length..<Self.length + 5])
    try put(file, 1..<2, [Self.length + 7..<Self.length + 9])
    let expected = ByteRangeSet([0..<10, Self.length + 7..<Self.length + 9])
    #expect(try test.catalog.extents(of: file.content) == expected)
    try put(file, 0..<0, [])
    #expect(try test.catalog.extents(of: file.content) == expected)
    try put(file, 0..<1, [])
    #expect(try test.catalog.usage() == 2)
  }

  /// One run over three segments: evicting the middle one must leave the others.
  @Test func noExtentCrossesASegmentBoundary() throws {
    let file = try remote("f", segments: 3)
    try put(file, 0..<3, [5..<3 * Self.length - 5])
    #expect(try order().map(\.index).sorted() == [0, 1, 2])
    try test.catalog.removeExtents(Segment(content: file.content, index: 1))
    #expect(
      try test.catalog.extents(of: file.content)
        == ByteRangeSet([5..<Self.length, 2 * Self.length..<3 * Self.length - 5]))
    #expect(try test.catalog.usage() == 2 * Self.length - 10)
  }

  @Test(arguments: [0, 1, 50, Segment.length - 1, Segment.length, Segment.length + 1])
  func cuttingForgetsWhatLiesBehind(size: Int64) throws {
    let file = try remote("f", segments: 2)
    let runs = [0..<40, 60..<Self.length + 20, Self.length + 30..<Self.length + 40]
    try put(file, 0..<2, runs)
    try test.catalog.cutExtents(of: file.content, to: size)
    var expected = ByteRangeSet(runs)
    expected.truncate(to: size)
    #expect(try test.catalog.extents(of: file.content) == expected)
  }

  @Test func truncatingCutsExtentsAndWhatIsTheObjects() throws {
    let file = try remote("f", segments: 1)
    try put(file, 0..<1, [0..<100, 200..<300])
    let cut = try test.catalog.truncate(file.number, to: 250, at: test.now)
    #expect(cut.size == 250 && cut.baseSize == 250 && cut.isContentDirty && cut.isWriting)
    #expect(try test.catalog.extents(of: file.content) == ByteRangeSet([0..<100, 200..<250]))
    let longer = try test.catalog.truncate(file.number, to: 400, at: test.now)
    #expect(longer.size == 400 && longer.baseSize == 250)
    #expect(try test.catalog.item(of: file.number) != nil)
  }

  @Test func theLeastRecentlyUsedIsEvictedFirst() throws {
    let (first, second) = (try remote("f", segments: 2), try remote("g", segments: 1))
    try put(first, 0..<1, [0..<10], at: 30)
    try put(first, 1..<2, [Self.length..<Self.length + 1], at: 10)
    try put(second, 0..<1, [0..<10], at: 20)
    let segments = [
      Segment(content: first.content, index: 1), Segment(content: second.content, index: 0),
      Segment(content: first.content, index: 0),
    ]
    #expect(try order() == segments)
    #expect(try order(limit: 1) == [segments[0]])
    #expect(try test.catalog.evictable(limit: 2).map(\.inode) == [first.number, second.number])
    try test.catalog.touch([segments[0]: TestCatalog.at(40)])
    #expect(try order() == [segments[1], segments[2], segments[0]])
    try test.catalog.touch([:])
    try test.catalog.removeExtents(segments[1])
    #expect(try order() == [segments[2], segments[0]])
  }

  @Test func whatIsDirtyIsNeverEvicted() throws {
    let file = try test.makeClean("f", size: 10)
    #expect(try order().count == 1)
    _ = try test.catalog.beginWriting(file.number, at: test.now)
    #expect(try order().isEmpty)
    try test.catalog.settle(
      file.number, ContentState(size: 10, modified: test.now), at: test.now)
    #expect(try order().isEmpty)
    try test.upload("f")
    #expect(try order().count == 1)
  }

  /// Uploaded, but an open handle may write on: the content file rules.
  @Test func whatIsBeingWrittenIsNeverEvicted() throws {
    try test.make("f")
    try test.write("f", size: 10)
    let number = try test.record("f").number
    let state = ContentState(size: 10, modified: test.now)
    _ = try test.catalog.beginWriting(number, at: test.now)
    try test.commit(test.record("f"), at: "f")
    #expect(!(try test.record("f").isContentDirty))
    #expect(try test.catalog.unsettled().map(\.number) == [number])
    #expect(try order().isEmpty)
    try test.catalog.settle(number, state, at: test.now)
    #expect(try test.catalog.unsettled().isEmpty)
    #expect(try order().count == 1)
  }

  @Test func whatNoObjectHasIsNeverEvicted() throws {
    let file = try test.makeClean("f", size: 10)
    test.open = [file.number]
    try test.unlink("f")
    #expect(try order().isEmpty)
  }

  @Test func usageIsTheSumOfWhatLiesHere() throws {
    #expect(try test.catalog.usage() == 0)
    try test.makeClean("clean", size: 10)
    try test.make("new")
    try test.write("new", size: 100)
    try test.make("link", .symbolicLink)
    #expect(try test.catalog.usage() == 110)
    try test.makeClean("grown", size: 1_000)
    try test.write("grown", size: 5_000)
    #expect(try test.catalog.usage() == 5_110)
    try test.catalog.detach(test.record("grown").number)
    #expect(try test.catalog.usage() == 5_110)
    _ = try test.catalog.truncate(test.record("grown").number, to: 500, at: test.now)
    #expect(try test.catalog.usage() == 610)
    try test.unlink("new")
    #expect(try test.catalog.usage() == 510)
  }
}
