import Glibc
import MediaFSCore

/// The bytes of one simulated file, and which of them are in no hole.
///
/// They are copied by memcpy(3): a debug build takes other ways byte by byte, and most of the time
/// of a simulation with them.
struct DiskImage: Sendable {
  /// What a disk allocates at once, in bytes.
  static let block: Int64 = 4_096

  var bytes: [UInt8] = []
  /// Whole blocks, but for the last one of a file.
  private(set) var data = ByteRangeSet()
  /// What the file says of itself.
  var seams: Range<Int64> = 0..<0

  var size: Int64 { Int64(bytes.count) }

  mutating func resize(to size: Int64) {
    let kept = min(bytes.count, Int(size))
    if kept < bytes.count { data.truncate(to: size) }
    growLastBlock(to: size)
    let old = bytes
    bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
      count = Int(size)
      guard let start = buffer.baseAddress else { return }
      unsafe old.withUnsafeBufferPointer { old in
        if let from = old.baseAddress { unsafe memcpy(start, from, kept) }
      }
      unsafe memset(start + kept, 0, count - kept)
    }
  }

  /// A block that has room has it up to its end.
  private mutating func growLastBlock(to size: Int64) {
    let end = self.size
    guard size > end, end % Self.block != 0, data.contains(end - 1..<end) else { return }
    data.insert(end..<min(size, Self.blocks(around: end - 1..<end).upperBound))
  }

  mutating func write(_ new: [UInt8], at offset: Int64) {
    let range = offset..<offset + Int64(new.count)
    if range.isEmpty { return }
    if range.upperBound > size { resize(to: range.upperBound) }
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe new.withUnsafeBytes { new in
        guard let to = bytes.baseAddress, let from = new.baseAddress else { return }
        unsafe memcpy(to + Int(offset), from, new.count)
      }
    }
    data.insert(Self.blocks(around: range).clamped(to: 0..<size))
  }

  mutating func clear(_ range: Range<Int64>) {
    let range = range.clamped(to: 0..<size)
    if range.isEmpty { return }
    unsafe bytes.withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe memset(start + Int(range.lowerBound), 0, range.count)
    }
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
