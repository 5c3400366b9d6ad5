/// Checksums of what is here of the object. A block has one while all of it is here and nothing of
/// it was changed: who takes bytes away, or changes them, takes the sums of the blocks with them.
extension FileLifecycle {
  /// Where the object's bytes end, and the last block with them.
  private var sumsEnd: Int64 { max(0, min(size, baseSize)) }

  package var extentSums: ExtentSums { ExtentSums(sums, end: sumsEnd) }

  /// The blocks in which a range lies and that nobody has compared with their sums yet.
  package func unverified(in range: Range<Int64>) -> [SummedBlock] {
    if sums.isEmpty { return [] }
    return summed(in: range) { !sums.isVerified($0) }
  }

  /// The blocks in which a range lies and that have sums.
  package func summed(
    in range: Range<Int64>, where isWanted: (Int64) -> Bool = { _ in true }
  ) -> [SummedBlock] {
    BlockSums.blocks(touching: range.clamped(to: 0..<sumsEnd)).compactMap { block in
      guard let sum = sums[block], isWanted(block) else { return nil }
      return SummedBlock(range: BlockSums.range(of: block, end: sumsEnd), sum: sum)
    }
  }

  /// Whether a block still is what its sum was made of.
  package func holds(_ block: SummedBlock) -> Bool {
    let number = block.range.lowerBound / BlockSums.length
    return sums[number] == block.sum && BlockSums.range(of: number, end: sumsEnd) == block.range
  }

  /// A block was read and agrees with its sum.
  package mutating func verified(_ block: SummedBlock) {
    guard holds(block) else { return }
    sums.set(block.sum, of: block.range.lowerBound / BlockSums.length, isVerified: true)
  }

  /// A block was read and does not agree with its sum, although it may have done so before.
  package mutating func distrust(_ block: SummedBlock) {
    guard holds(block) else { return }
    sums.set(block.sum, of: block.range.lowerBound / BlockSums.length, isVerified: false)
  }

  /// The blocks in which a range lies that could have sums and have none.
  package func unsummed(in range: Range<Int64>) -> [Range<Int64>] {
    BlockSums.blocks(touching: range.clamped(to: 0..<sumsEnd)).compactMap { block in
      let range = BlockSums.range(of: block, end: sumsEnd)
      return sums[block] == nil && isClean(range) ? range : nil
    }
  }

  /// How much is here and is the object's, without a sum.
  package var unsummedBytes: Int64 {
    var clean = present
    clean.truncate(to: sumsEnd)
    clean.subtract(changed)
    return clean.count
      - summed(in: 0..<sumsEnd).reduce(0) { $0 + Int64($1.range.count) }
  }

  /// All of it is here, and is the object's.
  private func isClean(_ range: Range<Int64>) -> Bool {
    !range.isEmpty && range.upperBound <= sumsEnd && present.contains(range)
      && !changed.intersects(range)
  }

  /// What was summed while it arrived, or was read.
  package mutating func summed(_ blocks: [SummedBlock]) {
    for block in blocks {
      let number = block.range.lowerBound / BlockSums.length
      guard BlockSums.range(of: number, end: sumsEnd) == block.range, isClean(block.range) else {
        continue
      }
      sums.set(block.sum, of: number, isVerified: true)
    }
  }

  /// Drops a block that is not what its sum was made of, whoever reads there: they check it too.
  /// `nil` when it has changed since it was read; else how many bytes are free now.
  package mutating func lost(_ block: SummedBlock) -> Int64? {
    holds(block) ? evict(block.range) : nil
  }

  /// The blocks that will have no sum, or one of something else, when all that is here now is
  /// committed.
  package var unsummedAtCommit: [Range<Int64>] {
    var here = present
    here.insert(sumsEnd..<max(sumsEnd, size))
    return here.ranges.flatMap { run in
      BlockSums.blocks(inside: run, end: size).compactMap { block in
        let range = BlockSums.range(of: block, end: size)
        let isSame =
          sums[block] != nil && BlockSums.range(of: block, end: sumsEnd) == range
          && !changed.intersects(range)
        return isSame || range.isEmpty ? nil : range
      }
    }
  }
}
