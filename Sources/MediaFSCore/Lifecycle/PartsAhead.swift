package import ObjectStorage

/// Which parts of a file were sent while it was still being written. Pure.
///
/// Each part has a cool-down of its own: it goes up once all of it is written, and nothing of it
/// has changed from one look to the next. What changes after that is sent again.
package struct PartsAhead: Hashable, Sendable {
  /// S3 counts parts from 1 to this.
  private static let partCount = 10_000

  /// `nil` until something is sent.
  package var upload: UploadID?
  /// Of every part but the last one, in bytes.
  package let partSize: Int64
  /// The numbers of parts that the store has, or that are on their way to it, and that nobody has
  /// changed since.
  package private(set) var current: Set<Int> = []
  /// Changed since the last look.
  private var warm: Set<Int> = []
  private var wasLookedAt = false

  package init(upload: UploadID? = nil, partSize: Int64) {
    self.upload = upload
    self.partSize = partSize
  }

  /// In bytes of the file.
  package func range(of number: Int) -> Range<Int64> {
    Int64(number - 1) * partSize..<Int64(number) * partSize
  }

  /// The parts to send now, by their numbers: those that were whole and at rest since the look
  /// before. The first one finds none.
  ///
  /// - Parameters:
  ///   - size: of the file, in bytes.
  ///   - data: what of it was written; there may be holes.
  package mutating func look(size: Int64, data: ByteRangeSet) -> [Int] {
    defer { (warm, wasLookedAt) = ([], true) }
    let whole = Int(min(size / partSize, Int64(Self.partCount)))
    guard wasLookedAt, whole > 0 else { return [] }
    return (1...whole).filter { number in
      !current.contains(number) && !warm.contains(number)
        && data.missing(in: range(of: number)).isEmpty
    }
  }

  /// A part is about to be read, to be sent or compared. No change of it is half done.
  package mutating func begin(_ number: Int) {
    current.insert(number)
  }

  /// The store does not have it, or it is not known.
  package mutating func failed(_ number: Int) {
    current.remove(number)
  }

  /// These bytes are about to change.
  package mutating func willChange(_ range: Range<Int64>) {
    guard !range.isEmpty, range.lowerBound / partSize < Int64(Self.partCount) else { return }
    let last = min((range.upperBound - 1) / partSize, Int64(Self.partCount) - 1)
    for number in Int(range.lowerBound / partSize) + 1...Int(last) + 1 {
      warm.insert(number)
      current.remove(number)
    }
  }

  /// The file is about to end here.
  package mutating func willEnd(at size: Int64) {
    for number in current where range(of: number).upperBound > size { current.remove(number) }
  }
}
