/// A block of a content file and the checksum of its bytes.
package struct SummedBlock: Sendable, Hashable {
  /// Where in the file, in bytes.
  package var range: Range<Int64>
  package var sum: UInt32

  package init(range: Range<Int64>, sum: UInt32) {
    self.range = range
    self.sum = sum
  }
}

/// The checksums of the blocks of one content file, and which blocks were seen to agree with theirs
/// since it was opened. A block is ``length`` bytes, but for the one that ends with the object.
///
/// 0 stands for none: the rare block that has this sum is not checked.
package struct BlockSums: Sendable, Hashable {
  /// In bytes. What one damaged byte costs to fetch again, and what a small read has to check: so
  /// much is read and summed in about 20 µs, and has 4 bytes in the catalog.
  package static let length: Int64 = 64 << 10
  private static let perSegment = Segment.length / length
  private static let encodedLength = 4

  private struct Entry: Sendable, Hashable {
    var sum: UInt32 = 0
    var isVerified = false

    var isUnverified: Bool { sum != 0 && !isVerified }
  }

  /// By segment, each as long as it has to be.
  private var parts: [Int64: [Entry]] = [:]
  /// Blocks with a sum that nobody has compared with theirs.
  package private(set) var unverifiedCount = 0

  package init() {}

  package var isEmpty: Bool { parts.isEmpty }

  // MARK: Which blocks

  package static func blocks(touching range: Range<Int64>) -> Range<Int64> {
    range.isEmpty ? 0..<0 : range.lowerBound / length..<(range.upperBound - 1) / length + 1
  }

  /// - Parameter end: of the object, in bytes; the last block ends there.
  package static func blocks(inside range: Range<Int64>, end: Int64) -> Range<Int64> {
    guard range.lowerBound < range.upperBound else { return 0..<0 }
    let first = (range.lowerBound - 1) / length + (range.lowerBound > 0 ? 1 : 0)
    let last =
      range.upperBound >= end
      ? (min(range.upperBound, max(0, end)) + length - 1) / length : range.upperBound / length
    return first..<max(first, last)
  }

  package static func range(of block: Int64, end: Int64) -> Range<Int64> {
    let start = block * length
    return start..<max(start, min(start + length, end))
  }

  // MARK: One block

  package subscript(block: Int64) -> UInt32? {
    entry(block).flatMap { $0.sum == 0 ? nil : $0.sum }
  }

  private func entry(_ block: Int64) -> Entry? {
    guard let part = parts[block / Self.perSegment] else { return nil }
    let index = Int(block % Self.perSegment)
    return index < part.count ? part[index] : nil
  }

  package func isVerified(_ block: Int64) -> Bool {
    entry(block).map { $0.isVerified } ?? false
  }

  package var hasUnverified: Bool { unverifiedCount > 0 }

  package mutating func set(_ sum: UInt32, of block: Int64, isVerified: Bool) {
    guard block >= 0 else { return }
    let index = Int(block % Self.perSegment)
    var part = parts[block / Self.perSegment].take() ?? []
    while part.count <= index { part.append(Entry()) }
    if part[index].isUnverified { unverifiedCount -= 1 }
    part[index] = Entry(sum: sum, isVerified: isVerified)
    if part[index].isUnverified { unverifiedCount += 1 }
    parts[block / Self.perSegment] = part
  }

  /// Of a content file that ends at `length`, only what lies within can be known.
  package mutating func truncate(to length: Int64, end: Int64) {
    remove(Self.blocks(inside: 0..<length, end: end).upperBound..<Int64.max)
  }

  package mutating func remove(_ blocks: Range<Int64>) {
    if blocks.isEmpty || parts.isEmpty { return }
    let segments = blocks.lowerBound / Self.perSegment...(blocks.upperBound - 1) / Self.perSegment
    for segment in parts.keys where segments.contains(segment) {
      var part = parts[segment].take() ?? []
      let first = segment * Self.perSegment
      for index in part.indices where blocks.contains(first + Int64(index)) {
        if part[index].isUnverified { unverifiedCount -= 1 }
        part[index] = Entry()
      }
      parts[segment] = part.contains { $0.sum != 0 } ? part : nil
    }
  }

  // MARK: In the catalog

  /// The sums of blocks in their order, the least significant byte first; `nil` when there is none.
  package func encoded(_ blocks: Range<Int64>) -> [UInt8]? {
    guard !parts.isEmpty, blocks.contains(where: { self[$0] != nil }) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(blocks.count * Self.encodedLength)
    for block in blocks {
      let sum = self[block] ?? 0
      for shift in stride(from: 0, to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: sum >> UInt32(shift)))
      }
    }
    return bytes
  }

  /// Takes over what ``encoded(_:)`` has made; nothing of it is verified.
  package mutating func decode(_ bytes: [UInt8], from first: Int64) {
    for (index, start) in stride(from: 0, to: bytes.count, by: Self.encodedLength).enumerated() {
      let sum = bytes[start..<min(start + Self.encodedLength, bytes.count)].reversed()
        .reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      if sum != 0 { set(sum, of: first + Int64(index), isVerified: false) }
    }
  }
}

/// What the catalog is to remember of a content file's sums.
package struct ExtentSums: Sendable, Hashable {
  package var sums: BlockSums
  /// Of the object, in bytes.
  package var end: Int64

  package init(_ sums: BlockSums = BlockSums(), end: Int64 = 0) {
    self.sums = sums
    self.end = end
  }

  /// Those of the blocks that lie whole in a run of bytes that are here.
  package func encoded(_ run: Range<Int64>) -> [UInt8]? {
    sums.encoded(BlockSums.blocks(inside: run, end: end))
  }
}
