import MediaFSCore

/// The bytes of one simulated file, and which of them are in no hole.
struct DiskImage: Sendable {
  /// What a disk allocates at once, in bytes.
  static let block: Int64 = 4_096

  var bytes: [UInt8] = []
  /// Whole blocks, but for the last one of a file.
  private(set) var data = ByteRangeSet()

  var size: Int64 { Int64(bytes.count) }

  mutating func resize(to size: Int64) {
    if size < self.size {
      bytes.removeLast(Int(self.size - size))
      data.truncate(to: size)
    } else {
      bytes.append(contentsOf: repeatElement(0, count: Int(size - self.size)))
    }
  }

  mutating func write(_ new: some Collection<UInt8>, at offset: Int64) {
    let range = offset..<offset + Int64(new.count)
    if range.isEmpty { return }
    if range.upperBound > size { resize(to: range.upperBound) }
    bytes.replaceSubrange(Int(range.lowerBound)..<Int(range.upperBound), with: new)
    data.insert(Self.blocks(around: range).clamped(to: 0..<size))
  }

  mutating func clear(_ range: Range<Int64>) {
    let range = range.clamped(to: 0..<size)
    if range.isEmpty { return }
    let places = Int(range.lowerBound)..<Int(range.upperBound)
    bytes.replaceSubrange(places, with: repeatElement(0, count: places.count))
    data.remove(Self.blocks(within: range, end: size))
  }

  private static func blocks(around range: Range<Int64>) -> Range<Int64> {
    range.lowerBound / block * block..<(range.upperBound + block - 1) / block * block
  }

  private static func blocks(within range: Range<Int64>, end: Int64) -> Range<Int64> {
    let start = (range.lowerBound + block - 1) / block * block
    let stop = range.upperBound == end ? end : range.upperBound / block * block
    return start..<max(start, stop)
  }
}
