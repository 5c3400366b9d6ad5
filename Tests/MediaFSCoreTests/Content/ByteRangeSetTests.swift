import MediaFSCore
import MediaFSTesting
import Testing

@Suite struct ByteRangeSetTests {
  /// Small enough that random ranges overlap, touch and swallow each other all the time.
  private static let space: Int64 = 64

  @Test(arguments: UInt64(1)...20)
  func behavesLikeASetOfOffsets(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var set = ByteRangeSet()
    var model = Set<Int64>()
    for step in 0..<400 {
      let range = Self.randomRange(&random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        set.insert(range)
        model.formUnion(range)
      case 5..<8:
        set.remove(range)
        model.subtract(range)
      case 8:
        set.truncate(to: range.upperBound)
        model = model.filter { $0 < range.upperBound }
      default:
        let other = ByteRangeSet([range, Self.randomRange(&random)])
        if Bool.random(using: &random) {
          set.formUnion(other)
          model.formUnion(other.ranges.joined())
        } else {
          set.subtract(other)
          model.subtract(other.ranges.joined())
        }
      }
      Self.compare(set, model, Self.randomRange(&random), "seed \(seed), step \(step)")
    }
  }

  private static func randomRange(_ random: inout SeededRandom) -> Range<Int64> {
    let low = Int64.random(in: 0..<space, using: &random)
    return low..<Int64.random(in: low...space, using: &random)
  }

  private static func compare(
    _ set: ByteRangeSet, _ model: Set<Int64>, _ range: Range<Int64>, _ place: Comment
  ) {
    #expect(Set(set.ranges.joined()) == model, place)
    #expect(set.count == Int64(model.count), place)
    #expect(set.isEmpty == model.isEmpty, place)
    #expect(set.upperBound == (model.max().map { $0 + 1 } ?? 0), place)
    for (left, right) in zip(set.ranges, set.ranges.dropFirst()) {
      #expect(left.upperBound < right.lowerBound, place)
    }
    #expect(set.contains(range) == range.allSatisfy(model.contains), place)
    #expect(set.intersects(range) == range.contains(where: model.contains), place)
    let present = set.present(in: range)
    let missing = set.missing(in: range)
    #expect(Set(present.joined()) == model.intersection(range), place)
    #expect(Set(missing.joined()) == Set(range).subtracting(model), place)
    #expect((present + missing).allSatisfy { !$0.isEmpty }, place)
    #expect(ByteRangeSet(set.ranges.reversed()) == set, place)
    for offset in 0..<space {
      #expect(set.contains(offset) == model.contains(offset), place)
      #expect(set.run(at: offset)?.contains(offset) ?? !model.contains(offset), place)
      #expect(set.gap(at: offset).map { !set.intersects($0) } ?? model.contains(offset), place)
    }
  }

  @Test func rangesThatTouchBecomeOne() {
    let set = ByteRangeSet([10..<20, 0..<10, 20..<30])
    #expect(set.ranges == [0..<30])
    #expect(set == ByteRangeSet(0..<30))
  }

  @Test func emptyRangesChangeNothing() {
    var set = ByteRangeSet(5..<10)
    set.insert(7..<7)
    set.insert(100..<100)
    set.remove(7..<7)
    #expect(set.ranges == [5..<10])
    #expect(set.contains(50..<50))
    #expect(!set.intersects(7..<7))
    #expect(set.missing(in: 50..<50).isEmpty)
  }

  @Test func theEndsOfTheNumberLineAreSafe() {
    var set = ByteRangeSet(Int64.min..<Int64.max)
    #expect(set.ranges == [0..<Int64.max])
    #expect(set.count == .max)
    set.remove(Int64.min..<1)
    set.remove((Int64.max - 1)..<Int64.max)
    #expect(set.ranges == [1..<(Int64.max - 1)])
    set.truncate(to: -1)
    #expect(set.isEmpty)
    #expect(set.gap(at: 0) == 0..<Int64.max)
    #expect(set.gap(at: -1) == nil)
    #expect(set.gap(at: .max) == nil)
    #expect(set.missing(in: -5..<5) == [0..<5])
  }

  @Test func aGapEndsAtItsNeighbours() {
    let set = ByteRangeSet([10..<20, 30..<40])
    #expect(set.gap(at: 0) == 0..<10)
    #expect(set.gap(at: 25) == 20..<30)
    #expect(set.gap(at: 40) == 40..<Int64.max)
    #expect(set.gap(at: 10) == nil)
    #expect(set.run(at: 39) == 30..<40)
    #expect(set.run(at: 20) == nil)
  }
}
