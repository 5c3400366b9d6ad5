import MediaFSCore
import MediaFSTesting
import Testing

@Suite struct BlockSumsTests {
  private static let length = BlockSums.length

  @Test(arguments: [
    (0..<0, 10, 0..<0), (0..<length, length, 0..<1), (0..<length - 1, 2 * length, 0..<0),
    (1..<2 * length, 2 * length, 1..<2), (0..<length + 5, length + 5, 0..<2),
    (0..<length + 5, length + 6, 0..<1), (length - 1..<length + 1, 3 * length, 1..<1),
    (5..<10, 10, 1..<1), (0..<3 * length, length + 1, 0..<2),
  ])
  func blocksLieWholeInARun(_ run: Range<Int64>, _ end: Int64, _ blocks: Range<Int64>) {
    let found = BlockSums.blocks(inside: run, end: end)
    #expect(found == blocks || found.isEmpty && blocks.isEmpty)
  }

  @Test func whatIsEncodedIsDecoded() {
    var sums = BlockSums()
    for block in [0, 1, 255, 256, 1_000] as [Int64] {
      sums.set(0x8000_0001 &+ UInt32(block), of: block, isVerified: true)
    }
    var copy = BlockSums()
    for segment in 0..<4 as Range<Int64> {
      let blocks = segment * 256..<(segment + 1) * 256
      if let bytes = sums.encoded(blocks) { copy.decode(bytes, from: blocks.lowerBound) }
    }
    for block in 0..<1_024 as Range<Int64> { #expect(copy[block] == sums[block]) }
    #expect(sums.isVerified(255) && !copy.isVerified(255) && copy.hasUnverified)
    #expect(sums.encoded(2..<255) == nil && sums.encoded(1..<3)?.count == 8)
  }

  @Test func whatIsRemovedIsNoMore() {
    var sums = BlockSums()
    for block in 0..<600 as Range<Int64> { sums.set(7, of: block, isVerified: false) }
    sums.remove(10..<300)
    sums.remove(500..<Int64.max)
    let left = (0..<600 as Range<Int64>).filter { sums[$0] != nil }
    #expect(left == Array(0..<10) + Array(300..<500))
    sums.remove(0..<Int64.max)
    #expect(sums.isEmpty)
  }
}

/// What changes bytes, or takes them away, takes the sums of their blocks.
@Suite struct SummedLifecycleTests {
  private static let length = BlockSums.length
  private static let end = 40 * length + 100

  /// All of it here, clean and summed.
  private func file() -> FileLifecycle {
    var file = FileLifecycle(
      size: Self.end, baseSize: Self.end, present: ByteRangeSet(0..<Self.end), version: 1,
      committedVersion: 1)
    file.summed(file.unsummed(in: 0..<Self.end).map { SummedBlock(range: $0, sum: 9) })
    return file
  }

  private func summed(_ file: FileLifecycle) -> [Int64] {
    file.summed(in: 0..<Int64.max).map { $0.range.lowerBound / Self.length }
  }

  @Test func everyBlockOfWhatIsHereHasASum() {
    let file = file()
    #expect(summed(file) == Array(0...40))
    #expect(file.unverified(in: 0..<Self.end).isEmpty && file.unsummedBytes == 0)
    #expect(file.summed(in: 0..<Int64.max).last?.range.count == 100)
  }

  @Test func changesEvictionsAndCutsTakeSums() {
    var changed = file()
    changed.marked(changed.unmarked(in: 20 * Self.length..<20 * Self.length + 1))
    #expect(summed(changed) == Array(0..<16) + Array(32...40))
    #expect(changed.unsummed(in: 0..<Self.end).isEmpty, "what is changed gets none")
    var evicted = file()
    _ = evicted.evict(5..<Self.length + 1)
    #expect(summed(evicted) == Array(2...40))
    var cut = file()
    cut.truncated(to: 3 * Self.length)
    #expect(summed(cut) == [0, 1, 2])
    cut.truncated(to: 2 * Self.length + 1)
    #expect(summed(cut) == [0, 1])
    var longer = file()
    longer.truncated(to: Self.end + 5)
    #expect(summed(longer) == Array(0...40))
    var own = file()
    own.detached()
    #expect(own.sums.isEmpty)
  }

  @Test func aCommitSumsWhatWasChangedAndTheBlockThatGrew() {
    var file = file()
    file.began(version: 2)
    file.marked(file.unmarked(in: 0..<1))
    file.wrote(0..<1)
    file.wrote(Self.end..<Self.end + Self.length)
    let wanted = file.unsummedAtCommit
    #expect(wanted.map { $0.lowerBound / Self.length } == Array(0..<16) + [40, 41])
    file.endUpload(committed: 2, summed: wanted.map { SummedBlock(range: $0, sum: 8) })
    #expect(summed(file) == Array(0...41))
    for place in [0, Self.end - 1] {
      #expect(file.summed(in: place..<place + 1).first?.sum == 8)
    }
    #expect(file.unsummedBytes == 0)
  }

  @Test func aBlockIsLostOnceAndNotWhenItHasChanged() throws {
    var file = file()
    let block = try #require(file.summed(in: 0..<1).first)
    #expect(file.lost(block) == Self.length)
    #expect(file.lost(block) == nil)
    #expect(file.missing(in: 0..<Self.end) == [0..<Self.length])
    file.arrived(0..<Self.length)
    file.summed([SummedBlock(range: block.range, sum: 10)])
    #expect(file.lost(block) == nil)
  }
}
