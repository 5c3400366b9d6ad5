/// What is left of a changed file whose content was not on disk when the host lost power.
///
/// The disk tells where it has bytes and where it has none. A byte that was expected and has no
/// room was never on disk: it reads as zero, which nobody wrote. No I/O.
package struct Salvage: Sendable, Hashable {
  package enum Verdict: Sendable, Hashable {
    /// Nothing is known to be missing; bytes may be older than the last that were written.
    case whole
    /// The file ends where the first byte is missing, behind what was on disk, or in the store,
    /// before the first lost change.
    case shortened
    /// Nothing of it was on disk since the store had all of it: it is that again.
    case reverted
  }

  package let verdict: Verdict
  /// In bytes.
  package let size: Int64
  /// Up to where bytes may be the object's.
  package let baseSize: Int64
  /// Which bytes are there, of those below the base that were said to be; the others are the
  /// object's, as it was before.
  package let present: ByteRangeSet
  /// Of the blocks that are compared before they are used.
  package let sums: ExtentSums
  /// How many bytes are missing.
  package let missing: Int64

  /// - Parameters:
  ///   - size: as the catalog has it.
  ///   - isWriting: the file may have grown since.
  ///   - kept: so much was on disk, or in the store, before the first change that may be lost, and
  ///     was not cut off since.
  ///   - stored: how long the object is that has all of what was there before that change; `nil`
  ///     if none has.
  ///   - present: what the catalog says is here below the base.
  ///   - changed: what of that is marked as differing from the object; `nil` where there is none
  ///     any more, and what is here is all there is.
  ///   - sums: of blocks below the base.
  ///   - holes: what the catalog says is here and takes no room.
  ///   - data: where it has bytes.
  package init(
    size: Int64, baseSize: Int64, isWriting: Bool, kept: Int64, stored: Int64?,
    present: ByteRangeSet, changed: ByteRangeSet? = nil, sums: BlockSums = BlockSums(),
    holes: ByteRangeSet, data: ByteRangeSet
  ) {
    var here = data
    // A hole behind the end that the catalog knows is what was cut off, or was not there yet.
    let size = isWriting ? max(size, here.upperBound) : size
    here.formUnion(holes)
    here.truncate(to: size)
    // What was cut off is not the object's any more.
    let base = min(baseSize, kept, size)
    // Or was about to be: of the object's bytes only those are there that a row speaks of.
    let doubtful = max(0, base)..<max(0, base, min(baseSize, size))
    if !doubtful.isEmpty { for run in present.missing(in: doubtful) { here.remove(run) } }
    // The block in which the object's bytes end is another one then.
    var sums = sums
    if base != baseSize { sums.remove(base / BlockSums.length..<Int64.max) }
    let summed = ExtentSums(sums, end: base)
    self.sums = summed
    let gaps = here.missing(in: min(kept, size)..<size)
    missing = gaps.reduce(0) { $0 + Int64($1.count) }
    guard let first = gaps.first else {
      (verdict, self.size, self.baseSize) = (.whole, size, base)
      self.present = Self.left(of: present, changed, summed, here)
      return
    }
    if kept == 0, let stored {
      (verdict, self.size, self.baseSize) = (.reverted, stored, stored)
      self.present = ByteRangeSet()
    } else {
      (verdict, self.size, self.baseSize) = (.shortened, first.lowerBound, base)
      self.present = Self.left(of: present, changed, summed, here)
    }
  }

  /// What is here of what is known to be what the catalog takes it for: said to be changed, or to
  /// be compared with a sum as a whole. Any other byte may have been changed although no mark says
  /// so, since the catalog may be older than the content file: the object's is as good, and nothing
  /// is sent by mistake.
  private static func left(
    of present: ByteRangeSet, _ changed: ByteRangeSet?, _ summed: ExtentSums,
    _ here: ByteRangeSet
  ) -> ByteRangeSet {
    let parts = present.ranges.flatMap { here.present(in: $0.clamped(to: 0..<max(0, summed.end))) }
    let left = ByteRangeSet(parts)
    guard var trusted = changed else { return left }
    for run in left.ranges {
      for block in BlockSums.blocks(inside: run, end: summed.end) where summed.sums[block] != nil {
        trusted.insert(BlockSums.range(of: block, end: summed.end))
      }
    }
    return ByteRangeSet(left.ranges.flatMap { trusted.present(in: $0) })
  }
}
