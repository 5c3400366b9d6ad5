import MediaFSCore
import Testing

/// What is left of a file whose content was not on disk.
@Suite struct SalvageTests {
  private static let block: Int64 = 4_096

  private func salvage(
    size: Int64, base: Int64 = 0, writing: Bool = false, kept: Int64 = 0,
    stored: Int64? = nil, present: [Range<Int64>] = [], holes: [Range<Int64>] = [],
    data: [Range<Int64>]
  ) -> Salvage {
    Salvage(
      size: size, baseSize: base, isWriting: writing, kept: kept, stored: stored,
      present: ByteRangeSet(present), holes: ByteRangeSet(holes), data: ByteRangeSet(data))
  }

  @Test func allThatIsExpectedIsThere() {
    let whole = salvage(
      size: 5 * Self.block, holes: [Self.block..<3 * Self.block],
      data: [0..<Self.block, 3 * Self.block..<5 * Self.block])
    #expect(whole.verdict == .whole && whole.size == 5 * Self.block && whole.missing == 0)
  }

  @Test func aFileThatWasNeverOnDiskEndsAtItsFirstMissingByte() {
    let shortened = salvage(size: 3 * Self.block, data: [0..<Self.block])
    #expect(shortened.verdict == .shortened && shortened.size == Self.block)
    #expect(shortened.missing == 2 * Self.block)
  }

  @Test func whatTheStoreHadBeforeIsBackWhenAllOfItWasReplaced() {
    let reverted = salvage(size: 3 * Self.block, stored: 700, data: [0..<Self.block])
    #expect(reverted.verdict == .reverted && reverted.size == 700 && reverted.baseSize == 700)
    #expect(reverted.present.isEmpty)
    let whole = salvage(size: Self.block, stored: 700, data: [0..<Self.block])
    #expect(whole.verdict == .whole && whole.size == Self.block)
  }

  @Test func oneThatWasKeepsThatAndEndsBehindIt() {
    let shortened = salvage(
      size: 4 * Self.block, kept: 100,
      data: [0..<2 * Self.block, 3 * Self.block..<4 * Self.block])
    #expect(shortened.verdict == .shortened && shortened.size == 2 * Self.block)
  }

  /// Below what was kept a gap is room that was set aside, and reads as zeros for good reason.
  @Test func whatWasOnDiskIsNotDoubted() {
    #expect(salvage(size: 9_000, kept: 9_000, data: []).verdict == .whole)
  }

  @Test func aPatchThatIsMissingIsTheObjectsBytesAgain() {
    let patched = salvage(
      size: 10_000, base: 10_000, kept: 10_000, present: [0..<10, 5_000..<6_000],
      data: [0..<Self.block])
    #expect(patched.verdict == .whole && patched.present == ByteRangeSet(0..<10))
  }

  /// The catalog may be older than the content file: what it takes for the object's may be changed.
  @Test func whatIsNeitherMarkedNorSummedIsTheObjectsAgain() {
    let length = BlockSums.length
    var sums = BlockSums()
    for block: Int64 in [1, 2] { sums.set(7, of: block, isVerified: true) }
    func salvage(kept: Int64) -> Salvage {
      Salvage(
        size: 3 * length, baseSize: 3 * length, isWriting: false, kept: kept, stored: nil,
        present: ByteRangeSet(0..<3 * length), changed: ByteRangeSet(0..<100), sums: sums,
        holes: ByteRangeSet(), data: ByteRangeSet(0..<3 * length))
    }
    let whole = salvage(kept: 3 * length)
    #expect(whole.present == ByteRangeSet([0..<100, length..<3 * length]))
    #expect(whole.sums.sums[1] == 7 && whole.sums.sums[2] == 7)
    // The last block of the object is another one then.
    let cut = salvage(kept: 3 * length - 1)
    #expect(cut.present == ByteRangeSet([0..<100, length..<2 * length]))
    #expect(cut.sums.sums[1] == 7 && cut.sums.sums[2] == nil)
  }

  /// Its first bytes were never fetched, and it was about to be emptied: the disk has room for
  /// their block, and zeros there.
  @Test func whatWasAboutToBeCutOffIsThereOnlyWhereARowSaysSo() {
    let cut = salvage(
      size: 10_000, base: 9_000, kept: 0, present: [1_800..<9_000], data: [0..<10_000])
    #expect(cut.verdict == .shortened && cut.size == 0)
    let whole = salvage(
      size: 10_000, base: 9_000, kept: 0, present: [0..<9_000], data: [0..<10_000])
    #expect(whole.verdict == .whole && whole.size == 10_000)
  }

  @Test func aFileThatGrewWithoutARecordIsAsLongAsItsBytes() {
    let grown = salvage(size: 10, writing: true, data: [0..<5_000])
    #expect(grown.verdict == .whole && grown.size == 5_000)
    #expect(salvage(size: 10, data: [0..<5_000]).size == 10)
  }

  /// The part that was left is as it was; of what was written behind it, some is missing.
  @Test func aFileThatWasCutAndWrittenAnewEndsAtTheFirstMissingByte() {
    let cut = salvage(
      size: 10_000, base: 10_000, writing: true, kept: 3_000, present: [0..<10_000],
      data: [0..<Self.block])
    #expect(cut.verdict == .shortened && cut.size == Self.block && cut.baseSize == 3_000)
    let whole = salvage(
      size: 10_000, base: 10_000, writing: true, kept: 3_000, present: [0..<10_000],
      data: [0..<10_000])
    #expect(whole.verdict == .whole && whole.size == 10_000 && whole.baseSize == 3_000)
  }
}
