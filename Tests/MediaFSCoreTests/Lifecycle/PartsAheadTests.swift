import MediaFSCore
import Testing

@Suite struct PartsAheadTests {
  private var parts = PartsAhead(partSize: 10)

  private func look(_ parts: inout PartsAhead, size: Int64, data: Range<Int64>? = nil) -> [Int] {
    parts.look(size: size, data: ByteRangeSet(data ?? 0..<size))
  }

  @Test func aPartIsDueWhenItIsWholeAndNothingOfItHasChangedSinceTheLookBefore() {
    var parts = parts
    #expect(look(&parts, size: 35) == [])
    parts.willChange(19..<20)
    #expect(look(&parts, size: 35) == [1, 3])
    #expect(look(&parts, size: 40) == [1, 2, 3, 4])
  }

  @Test func whatHasHolesIsNotDue() {
    var parts = parts
    _ = look(&parts, size: 40)
    #expect(look(&parts, size: 40, data: 9..<30) == [2, 3])
  }

  @Test func whatWasSentIsNotDueUntilItChanges() {
    var parts = parts
    _ = look(&parts, size: 40)
    for number in look(&parts, size: 40) { parts.begin(number) }
    parts.failed(3)
    #expect(parts.current == [1, 2, 4])
    #expect(look(&parts, size: 40) == [3])
    parts.willChange(9..<11)
    #expect(parts.current == [4])
    #expect(look(&parts, size: 40) == [3])
    #expect(look(&parts, size: 40) == [1, 2, 3])
  }

  @Test func whatIsCutOffIsNotSentAnyMore() {
    var parts = parts
    for number in 1...4 { parts.begin(number) }
    parts.willEnd(at: 20)
    #expect(parts.current == [1, 2])
    parts.willEnd(at: 19)
    #expect(parts.current == [1])
  }

  /// S3 takes 10,000 parts; a file may be longer.
  @Test func whatLiesBehindTheLastPartThereMayBeIsNotDue() {
    var parts = parts
    let end: Int64 = 100_050
    _ = look(&parts, size: end)
    parts.willChange(0..<99_990)
    parts.willChange(end..<end + 1)
    #expect(look(&parts, size: end) == [10_000])
    parts.begin(10_000)
    parts.willChange(99_999..<end)
    #expect(parts.current == [])
  }
}
