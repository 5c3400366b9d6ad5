@testable import MediaFSCatalog
import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

/// Checksums go with the extents that they are of.
@Suite struct ChecksumTests {
  private static let length = BlockSums.length
  private static let size = 2 * Segment.length + 3 * length + 10
  private let test: TestCatalog
  private let file: InodeRecord

  /// A file of the store that is all here, and has all its sums.
  init() throws {
    test = try TestCatalog()
    try test.ingest(files: ["f": TestCatalog.object("f", "e", size: Self.size)])
    file = try test.catalog.allocateContent(test.record("f").number)
    var sums = BlockSums()
    for block in BlockSums.blocks(touching: 0..<Self.size) {
      sums.set(UInt32(block + 1), of: block, isVerified: true)
    }
    try test.catalog.replaceExtents(
      of: file.content, segments: 0..<3, with: [0..<Self.size],
      sums: ExtentSums(sums, end: Self.size), accessed: test.now)
  }

  private func known(end: Int64 = size) throws -> [Int64] {
    let (present, sums) = try test.catalog.summedExtents(of: file.content, end: end)
    #expect(try test.catalog.extents(of: file.content) == present)
    #expect(try test.catalog.inspectSums(from: 0, limit: 10).violations.isEmpty)
    return BlockSums.blocks(touching: 0..<Self.size).filter { block in
      #expect(sums[block] == nil || sums[block] == UInt32(block + 1))
      return sums[block] != nil
    }
  }

  private let all = Array(BlockSums.blocks(touching: 0..<size))

  @Test func theyAreFoundAgain() throws {
    #expect(try known() == all)
    #expect(try test.catalog.summedContent(from: ContentNumber(0))?.0 == file.content)
    #expect(try test.catalog.summedContent(from: ContentNumber(file.content.value + 1)) == nil)
  }

  @Test func evictionTakesThem() throws {
    try test.catalog.removeExtents(Segment(content: file.content, index: 1))
    #expect(try known() == all.filter { !(256..<512).contains($0) })
  }

  @Test func changesTakeThemBeforeTheyAreMade() throws {
    let changed = 300 * Self.length..<316 * Self.length
    _ = try test.catalog.beginWriting(file.number, changing: [changed], at: test.now)
    #expect(try known() == all.filter { !(300..<316).contains($0) })
    try test.catalog.recordChanges([0..<Self.length], of: file.content)
    #expect(try known() == all.filter { $0 > 0 && !(300..<316).contains($0) })
  }

  @Test(arguments: [0, 1, length, 5 * length + 1, Segment.length + length, size - 1])
  func cutsTakeThem(size: Int64) throws {
    _ = try test.catalog.truncate(file.number, to: size, at: test.now)
    #expect(try known(end: size) == Array(0..<size / Self.length))
  }

  @Test func damagedBlocksAreCutOutOfTheirExtents() throws {
    let last = 515 * Self.length..<Self.size
    try test.catalog.removeBlocks(
      [0..<Self.length, 300 * Self.length..<301 * Self.length, last], of: file.content)
    #expect(try known() == all.filter { ![0, 300, 515].contains($0) })
    #expect(
      try test.catalog.usage() == Self.size - 2 * Self.length - Int64(last.count))
  }

  @Test func whatIsNoLongerTheObjectsHasNone() throws {
    try test.catalog.detach(file.number)
    #expect(try known().isEmpty)
  }

  @Test func aSumOfAChangedBlockIsAViolation() throws {
    try test.catalog.write { database in
      try database.run(
        "INSERT INTO change VALUES (?, 0, ?)", [file.content.value, Self.length])
    }
    let found = try test.catalog.inspectSums(from: 0, limit: 10).violations
    #expect(found.map(\.rule) == [.sumOfOtherBytes])
  }

  @Test func aSumBehindTheObjectIsAViolation() throws {
    try test.catalog.write { database in
      try database.run(
        "UPDATE inode SET base_size = ? WHERE id = ?", [Self.length, file.number.value])
    }
    #expect(try test.catalog.inspectSums(from: 0, limit: 10).violations.count == 1)
  }
}
