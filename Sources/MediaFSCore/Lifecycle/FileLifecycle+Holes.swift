/// Room that a content file does not take.
extension FileLifecycle {
  /// In bytes: what a disk gives to a file at once. A hole is whole blocks, and a byte written into
  /// one takes a block; on a disk with larger blocks the account is a little too low.
  package static let diskBlock: Int64 = 4_096

  /// The whole blocks within a range; empty when there are none.
  package static func blocks(inside range: Range<Int64>) -> Range<Int64> {
    let first = roundedUp(range.lowerBound)
    let end = range.upperBound / diskBlock * diskBlock
    return first..<max(first, end)
  }

  /// The blocks that a range touches.
  package static func blocks(around range: Range<Int64>) -> Range<Int64> {
    let first = range.lowerBound / diskBlock * diskBlock
    return first..<max(first, roundedUp(range.upperBound))
  }

  /// A range of which nothing is here, and with it what else is not of the blocks at its ends,
  /// behind the end of the file too.
  package func emptyBlocks(around range: Range<Int64>) -> Range<Int64> {
    let blocks = Self.blocks(around: range)
    func isEmpty(_ part: Range<Int64>) -> Bool {
      let inside = part.clamped(to: 0..<max(0, size))
      return inside.isEmpty
        || inside.upperBound <= baseSize && present.present(in: inside).isEmpty
    }
    let start = isEmpty(blocks.lowerBound..<range.lowerBound) ? blocks.lowerBound : range.lowerBound
    let end = isEmpty(range.upperBound..<blocks.upperBound) ? blocks.upperBound : range.upperBound
    return start..<end
  }

  /// Whether a write of a range adds bytes to a block that holds some, and not all, already: others
  /// of the range, of the object, or from behind its end.
  package func fillsUp(_ range: Range<Int64>) -> Bool {
    edges(of: range).contains { !isEmpty($0) }
  }

  /// The blocks that a write of a range takes in part and in which nothing is. They may have room
  /// nevertheless: what was in them was cut off.
  package func emptyEdges(of range: Range<Int64>) -> [Range<Int64>] {
    edges(of: range).filter { isEmpty($0) }
  }

  private func edges(of range: Range<Int64>) -> [Range<Int64>] {
    missing(in: range).flatMap { run in
      [run.lowerBound, run.upperBound].map { edge in
        Self.blocks(around: edge..<edge).clamped(to: 0..<max(0, size))
      }
    }.filter { !$0.isEmpty }
  }

  private func isEmpty(_ block: Range<Int64>) -> Bool {
    block.upperBound <= baseSize && present.present(in: block).isEmpty
  }

  private static func roundedUp(_ offset: Int64) -> Int64 {
    let rest = offset % diskBlock
    let (end, overflow) = offset.addingReportingOverflow(rest == 0 ? 0 : diskBlock - rest)
    return overflow ? .max : end
  }

  /// The holes that a content file has, where it was not said: when its last changes were not
  /// recorded.
  ///
  /// - Parameter data: the runs for which the disk has taken room.
  package static func holes(
    size: Int64, baseSize: Int64, present: ByteRangeSet, data: [Range<Int64>]
  ) -> ByteRangeSet {
    var here = present
    here.truncate(to: baseSize)
    here.insert(min(baseSize, size)..<size)
    var empty = ByteRangeSet()
    for run in here.ranges {
      for hole in ByteRangeSet(data).missing(in: run) { empty.insert(hole) }
    }
    return ByteRangeSet(empty.ranges.map { blocks(inside: $0) })
  }

  /// How much more room a change will take.
  ///
  /// - Parameter zeros: the runs of it that become holes.
  package func growth(writing range: Range<Int64>, leaving zeros: [Range<Int64>]) -> Int64 {
    var after = self
    after.wrote(range, leaving: zeros)
    return max(0, after.residentBytes - residentBytes)
  }

  /// How much room the holes in a range would take.
  package func emptyBytes(in range: Range<Int64>) -> Int64 {
    holes.present(in: Self.blocks(around: range)).reduce(0) { $0 + Int64($1.count) }
  }
}
