package import ObjectStorage

/// How a file goes up in parts: which ranges are sent, and which the store copies from the object
/// that the file was made from. Covers the file without gaps.
package struct UploadLayout: Hashable, Sendable {
  package enum Origin: String, Hashable, Sendable {
    /// Sent from the content file.
    case content
    /// Copied by the store (S3 UploadPartCopy).
    case object
  }

  package struct Part: Hashable, Sendable {
    package var range: Range<Int64>
    package var origin: Origin

    package init(_ range: Range<Int64>, _ origin: Origin) {
      self.range = range
      self.origin = origin
    }
  }

  package private(set) var parts: [Part]
  /// Of all parts but the last one, in bytes, where everything is sent; else `nil`.
  package private(set) var partSize: Int64?

  private static let partUnit: Int64 = 1 << 20
  /// Parts that the store copies: more of them at once make a copy faster, each costs a request.
  private static let copiedPartSize: Int64 = 256 << 20

  /// In bytes.
  package var sentSize: Int64 {
    parts.reduce(0) { $0 + ($1.origin == .content ? Int64($1.range.count) : 0) }
  }

  package var sentRanges: [Range<Int64>] {
    parts.filter { $0.origin == .content }.map(\.range)
  }

  /// Names the layout in the journal: parts that an earlier attempt has sent are good for an equal
  /// one only.
  package var text: String {
    parts.map { "\($0.origin == .content ? "" : "c")\($0.range.upperBound)" }
      .joined(separator: ",")
  }

  // MARK: While a file is still being written

  private static let ahead = "ahead "

  /// Names the parts that are sent before the size of the file is known.
  package static func aheadText(partSize: Int64) -> String { ahead + String(partSize) }

  /// The size of parts that were sent so; `nil` for any other layout.
  package static func partSize(ahead text: String) -> Int64? {
    guard text.utf8.starts(with: ahead.utf8) else { return nil }
    return Int64(Substring(text.utf8.dropFirst(ahead.utf8.count)))
  }

  // MARK: Making one

  /// Everything is sent.
  package static func whole(
    size: Int64, partSize wanted: Int64, limits: StoreLimits
  ) -> UploadLayout {
    let partSize = partSize(of: size, wanted, limits)
    // Some stores take but equal parts, only the last may be smaller.
    let parts = stride(from: 0, to: size, by: Int64.Stride(partSize)).map {
      Part($0..<min($0 + partSize, size), .content)
    }
    return UploadLayout(parts: parts, partSize: partSize)
  }

  /// What the object has too is copied; `nil` where that is nothing that can be copied.
  ///
  /// - Parameter unchanged: ranges of the file that are the same in its object.
  package static func delta(
    size: Int64, unchanged: ByteRangeSet, partSize wanted: Int64, limits: StoreLimits
  ) -> UploadLayout? {
    let partSize = Self.partSize(of: size, wanted, limits)
    let copied = copyable(unchanged.present(in: 0..<size), size: size, limits)
    guard !copied.isEmpty else { return nil }
    let copySize = min(max(copiedPartSize, partSize), limits.maximumPartSize)
    var parts: [Part] = []
    var position: Int64 = 0
    for run in copied {
      parts += split(position..<run.lowerBound, partSize, .content)
      parts += split(run, copySize, .object)
      position = run.upperBound
    }
    parts += split(position..<size, partSize, .content)
    return parts.count <= limits.partCount ? UploadLayout(parts: parts, partSize: nil) : nil
  }

  /// The runs that can be parts, and leave between them nothing that cannot: all but the last part
  /// have a smallest size. What is sent takes from the run behind it what it lacks.
  private static func copyable(
    _ runs: [Range<Int64>], size: Int64, _ limits: StoreLimits
  ) -> [Range<Int64>] {
    var result: [Range<Int64>] = []
    var position: Int64 = 0
    for run in runs {
      var start = run.lowerBound
      if start > position { start = max(start, position + limits.minimumPartSize) }
      guard start < run.upperBound,
        run.upperBound - start >= limits.minimumPartSize || run.upperBound == size
      else { continue }
      result.append(start..<run.upperBound)
      position = run.upperBound
    }
    return result
  }

  /// Pieces of about the same size: none of them is too small for a part.
  private static func split(
    _ range: Range<Int64>, _ partSize: Int64, _ origin: Origin
  ) -> [Part] {
    let length = Int64(range.count)
    let count = (length + partSize - 1) / partSize
    return (0..<count).map { index in
      let (start, end) = (length / count * index, length / count * (index + 1))
      return Part(
        range.lowerBound + start..<(index == count - 1 ? range.upperBound : range.lowerBound + end),
        origin)
    }
  }

  /// As wanted, but large enough for the file to fit into the number of parts that there may be.
  package static func partSize(
    of size: Int64, _ wanted: Int64, _ limits: StoreLimits
  ) -> Int64 {
    let needed = (size + Int64(limits.partCount) - 1) / Int64(limits.partCount)
    let rounded = (needed + partUnit - 1) / partUnit * partUnit
    let sufficient = needed > wanted ? rounded : wanted
    return min(max(sufficient, limits.minimumPartSize), limits.maximumPartSize)
  }
}
