import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

/// What the catalog knows of the runs of content files that take no room.
@Suite struct HoleTests {
  private static let length = Segment.length
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  private func make(
    _ name: String, size: Int64, holes: [Range<Int64>]
  ) throws -> InodeRecord {
    let number = try test.make(name).number
    _ = try test.catalog.beginWriting(number, at: test.now)
    try settle(number, size: size, holes)
    return try test.record(name)
  }

  private func settle(_ inode: InodeNumber, size: Int64, _ holes: [Range<Int64>]?) throws {
    let state = ContentState(size: size, modified: test.now, holes: holes.map { ByteRangeSet($0) })
    try test.catalog.settle(inode, state, at: test.now)
  }

  private func holes(_ name: String) throws -> [Range<Int64>] {
    try test.catalog.holes(of: test.record(name)).ranges
  }

  @Test func holesDoNotCount() throws {
    let file = try make("f", size: 1_000, holes: [10..<20, 500..<900])
    #expect(try test.catalog.usage() == 590)
    #expect(file.holeBytes == 410)
    #expect(file.attributes(generation: 1).blocks == 2)
    try test.reopen()
    #expect(try holes("f") == [10..<20, 500..<900])
    try settle(file.number, size: 2_000, nil)
    #expect(try test.catalog.usage() == 1_590)
    try settle(file.number, size: 2_000, [15..<20, 30..<40, 500..<900])
    #expect(try holes("f") == [15..<20, 30..<40, 500..<900])
    #expect(try test.catalog.usage() == 1_585)
    try test.catalog.recordHoles(ByteRangeSet(30..<40), of: file.content)
    #expect(try test.catalog.usage() == 1_990)
    #expect(try test.unlink("f").heldBytes == 1_990)
    #expect(try test.catalog.usage() == 0)
  }

  @Test(arguments: [0, 15, 20, 400, 700, 950])
  func aCutTakesHolesAlong(size: Int64) throws {
    let file = try make("f", size: 1_000, holes: [10..<20, 500..<900])
    _ = try test.catalog.truncate(file.number, to: size, at: test.now)
    var expected = ByteRangeSet([10..<20, 500..<900])
    expected.truncate(to: size)
    #expect(try holes("f") == expected.ranges)
    #expect(try test.catalog.usage() == size - expected.count)
  }

  /// What is evicted is no hole any more: it is not here, and would be fetched with its zeros.
  @Test func anEvictedSegmentHasNoHoles() throws {
    let size = 3 * Self.length
    let hole = 100..<2 * Self.length + 100
    let file = try make("f", size: size, holes: [hole])
    try test.upload("f")
    #expect(try test.catalog.usage() == size - 2 * Self.length)
    try test.catalog.removeExtents(Segment(content: file.content, index: 1))
    #expect(try holes("f") == [100..<Self.length, 2 * Self.length..<2 * Self.length + 100])
    #expect(try test.catalog.usage() == size - 2 * Self.length)
    try test.catalog.removeExtents(Segment(content: file.content, index: 0))
    #expect(try test.catalog.usage() == Self.length - 100)
    try test.catalog.removeExtents(Segment(content: file.content, index: 2))
    #expect(try holes("f").isEmpty)
    #expect(try test.catalog.usage() == 0)
  }

  @Test func anotherVersionOfTheObjectHasNone() throws {
    let file = try make("f", size: 1_000, holes: [10..<900])
    try test.upload("f")
    test.advance(10)
    let outcome = try test.ingest(files: ["f": TestCatalog.object("f", "other", size: 1_000)])
    #expect(outcome.removed.map(\.inode.heldBytes) == [110])
    #expect(try test.record("f").holeBytes == 0)
    #expect(try test.catalog.holes(of: file).isEmpty)
    #expect(try test.catalog.usage() == 0)
  }
}
