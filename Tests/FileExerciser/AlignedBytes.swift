import Glibc

/// Memory that begins where O_DIRECT wants it to; zeros at first.
@safe final class AlignedBytes {
  let count: Int
  private let start: UnsafeMutableRawPointer

  init(count: Int) {
    self.count = count
    unsafe start = .allocate(byteCount: count, alignment: Operation.block)
    unsafe memset(start, 0, count)
  }

  deinit {
    unsafe start.deallocate()
  }

  /// The bytes of a range, which traps when it is not within.
  subscript(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return unsafe UnsafeMutableRawBufferPointer(
      start: start + range.lowerBound, count: range.count)
  }

  func clear(_ range: Range<Int>) {
    unsafe self[range].initializeMemory(as: UInt8.self, repeating: 0)
  }

  /// Takes bytes of another memory, or of another place in this one.
  func copy(_ source: AlignedBytes, _ range: Range<Int>, to offset: Int) {
    let target = unsafe self[offset..<offset + range.count]
    unsafe target.copyMemory(from: UnsafeRawBufferPointer(source[range]))
  }
}
