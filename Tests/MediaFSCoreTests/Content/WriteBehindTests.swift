import MediaFSCore
import Testing

@Suite struct WriteBehindTests {
  private static let mebi: Int64 = 1 << 20

  /// All that a writer's bytes make it say.
  private static func sent(_ writes: [Range<Int64>]) -> [Range<Int64>] {
    var behind = WriteBehind()
    return writes.compactMap { behind.wrote($0) }
  }

  @Test func aLongFileFollowsItsWriter() {
    let writes = (0..<20).map { Int64($0) * mebi..<Int64($0 + 1) * mebi }
    #expect(Self.sent(writes) == [0..<8 * mebi, 8 * mebi..<16 * mebi])
  }

  @Test func theBlockThatIsBeingWrittenStays() {
    let odd = Self.mebi + 100
    let writes = (0..<16).map { Int64($0) * odd..<Int64($0 + 1) * odd }
    let sent = Self.sent(writes)
    #expect(sent.count == 2)
    #expect(sent.allSatisfy { $0.upperBound.isMultiple(of: 4_096) })
    #expect(sent[0].upperBound == sent[1].lowerBound)
  }

  @Test func whatIsShortOrScatteredIsLeftToTheKernel() {
    #expect(Self.sent([0..<7 * Self.mebi]) == [])
    let places = (0..<100).map { Int64($0 * 37 % 100) * 16 * Self.mebi }
    #expect(Self.sent(places.map { $0..<$0 + Self.mebi }) == [])
  }

  private var mebi: Int64 { Self.mebi }
}
