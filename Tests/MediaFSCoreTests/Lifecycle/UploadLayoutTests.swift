import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

/// What is sent and what the store copies make up the file, in parts that a store takes.
@Suite struct UploadLayoutTests {
  private let limits = StoreLimits(
    putSize: 50, minimumPartSize: 5, maximumPartSize: 60, partCount: 1_000, objectSize: 50_000)

  private func check(_ layout: UploadLayout, size: Int64, unchanged: ByteRangeSet) {
    var position: Int64 = 0
    for (index, part) in layout.parts.enumerated() {
      #expect(part.range.lowerBound == position)
      position = part.range.upperBound
      let count = Int64(part.range.count)
      if index < layout.parts.count - 1 { #expect(count >= limits.minimumPartSize) }
      #expect(count > 0)
      if part.origin == .object { #expect(unchanged.contains(part.range)) }
    }
    #expect(position == size)
  }

  @Test(arguments: 0..<500 as Range<UInt64>)
  func partsCoverTheFileAndCopyOnlyWhatIsTheSame(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let size = Int64.random(in: 1...400, using: &random)
    var unchanged = ByteRangeSet(0..<Int64.random(in: 0...size, using: &random))
    for _ in 0..<Int.random(in: 0..<6, using: &random) {
      let start = Int64.random(in: 0..<size, using: &random)
      unchanged.remove(start..<min(size, start + Int64.random(in: 1..<20, using: &random)))
    }
    let layout = UploadLayout.delta(size: size, unchanged: unchanged, partSize: 16, limits: limits)
    guard let layout else {
      let longest = unchanged.ranges.map(\.count).max() ?? 0
      #expect(longest < 2 * limits.minimumPartSize, "seed \(seed): \(unchanged) of \(size)")
      return
    }
    check(layout, size: size, unchanged: unchanged)
    #expect(layout.sentSize < size, "seed \(seed)")
  }

  @Test func aChangeInTheMiddleSendsTheSmallestPart() {
    var unchanged = ByteRangeSet(0..<100)
    unchanged.remove(40..<41)
    let layout = UploadLayout.delta(size: 100, unchanged: unchanged, partSize: 16, limits: limits)
    #expect(layout?.text == "c40,45,c100")
    #expect(layout?.sentRanges == [40..<45])
  }

  @Test func aFileThatWasCutSendsNothing() {
    let layout = UploadLayout.delta(
      size: 30, unchanged: ByteRangeSet(0..<30), partSize: 16, limits: limits)
    #expect(layout?.text == "c30")
  }

  @Test func whatWasAppendedIsSent() {
    let layout = UploadLayout.delta(
      size: 33, unchanged: ByteRangeSet(0..<30), partSize: 16, limits: limits)
    #expect(layout?.text == "c30,33")
  }

  @Test func nothingToCopyMeansNoDelta() {
    #expect(
      UploadLayout.delta(size: 30, unchanged: ByteRangeSet(8..<12), partSize: 16, limits: limits)
        == nil)
    #expect(
      UploadLayout.delta(size: 30, unchanged: ByteRangeSet(), partSize: 16, limits: limits) == nil)
  }

  @Test func aWholeFileGoesUpInEqualParts() {
    let layout = UploadLayout.whole(size: 50, partSize: 16, limits: limits)
    #expect(layout.text == "16,32,48,50")
    #expect(layout.sentSize == 50)
  }

  @Test func partsGrowWithTheFile() {
    let limits = StoreLimits(
      putSize: 1 << 30, minimumPartSize: 5 << 20, maximumPartSize: 5 << 30, partCount: 10,
      objectSize: 5 << 40)
    let layout = UploadLayout.whole(size: 1 << 30, partSize: 16 << 20, limits: limits)
    #expect(layout.parts.count == 10)
  }
}
