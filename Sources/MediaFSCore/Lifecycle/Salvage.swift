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
  ///   - holes: what the catalog says is here and takes no room.
  ///   - data: where it has bytes.
  package init(
    size: Int64, baseSize: Int64, isWriting: Bool, kept: Int64, stored: Int64?,
    present: ByteRangeSet, holes: ByteRangeSet, data: ByteRangeSet
  ) {
    var here = data
    // A hole behind the end that the catalog knows is what was cut off, or was not there yet.
    let size = isWriting ? max(size, here.upperBound) : size
    here.formUnion(holes)
    here.truncate(to: size)
    // What was cut off is not the object's any more.
    let base = min(baseSize, kept, size)
    let gaps = here.missing(in: min(kept, size)..<size)
    missing = gaps.reduce(0) { $0 + Int64($1.count) }
    guard let first = gaps.first else {
      (verdict, self.size, self.baseSize) = (.whole, size, base)
      self.present = Self.left(of: present, here, below: base)
      return
    }
    if kept == 0, let stored {
      (verdict, self.size, self.baseSize) = (.reverted, stored, stored)
      self.present = ByteRangeSet()
    } else {
      (verdict, self.size, self.baseSize) = (.shortened, first.lowerBound, base)
      self.present = Self.left(of: present, here, below: base)
    }
  }

  private static func left(
    of present: ByteRangeSet, _ here: ByteRangeSet, below base: Int64
  ) -> ByteRangeSet {
    var left = ByteRangeSet()
    for run in present.ranges {
      for part in here.present(in: run.clamped(to: 0..<base)) { left.insert(part) }
    }
    return left
  }
}
