package import MediaFSCore
import PosixIO

/// Sums the blocks of a file while its bytes go by in pieces, those of one block in their order.
package struct BlockSummer: Sendable {
  /// Blocks of which the end never came are forgotten when there are so many: as many downloads of
  /// one file at a time there are not.
  private static let limit = 64

  /// How far the sums of blocks are.
  private var begun: [Int64: (end: Int64, sum: UInt32)] = [:]

  package init() {}

  /// Returns the blocks that are complete now.
  ///
  /// - Parameter end: of the file, in bytes; the last block ends there.
  package mutating func add(
    _ bytes: [UInt8], at offset: Int64, end: Int64
  ) -> [SummedBlock] {
    var complete: [SummedBlock] = []
    let stop = min(offset + Int64(bytes.count), end)
    var position = offset
    while position < stop {
      let number = position / BlockSums.length
      let block = BlockSums.range(of: number, end: end)
      let piece = position..<min(stop, block.upperBound)
      position = piece.upperBound
      let before = piece.lowerBound == block.lowerBound ? (block.lowerBound, 0) : begun[number]
      begun[number] = nil
      guard let before, before.0 == piece.lowerBound else { continue }
      let slice = bytes[Int(piece.lowerBound - offset)..<Int(piece.upperBound - offset)]
      let sum = CRC32C.sum(slice, after: before.1)
      if piece.upperBound == block.upperBound {
        complete.append(SummedBlock(range: block, sum: sum))
      } else {
        if begun.count >= Self.limit { begun = [:] }
        begun[number] = (piece.upperBound, sum)
      }
    }
    return complete
  }
}

extension SummedBlock {
  /// - Parameter bytes: of the block, all of them.
  package init(_ bytes: ArraySlice<UInt8>, at range: Range<Int64>) {
    self.init(range: range, sum: CRC32C.sum(bytes))
  }

  /// Whether bytes are those that the sum was made of.
  package func agrees(with bytes: ArraySlice<UInt8>) -> Bool {
    bytes.count == range.count && CRC32C.sum(bytes) == sum
  }
}
