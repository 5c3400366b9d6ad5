import MediaFSCache
import MediaFSCore
import MediaFSTesting
import PosixIO
import Testing

@Suite struct BlockSummerTests {
  private static let length = Int(BlockSums.length)

  /// The blocks of bytes, and the sums that they have at once.
  private static func blocks(of bytes: [UInt8]) -> [SummedBlock] {
    stride(from: 0, to: bytes.count, by: length).map { start in
      let end = min(bytes.count, start + length)
      return SummedBlock(bytes[start..<end], at: Int64(start)..<Int64(end))
    }
  }

  @Test func piecesOfAnySizeGiveTheSameSums() {
    var random = SeededRandom(seed: 31)
    let bytes = (0..<5 * Self.length + 77).map { _ in UInt8.random(in: 0...255, using: &random) }
    for largest in [1_000, Self.length, 3 * Self.length] {
      var summer = BlockSummer()
      var found: [SummedBlock] = []
      var start = 0
      while start < bytes.count {
        let end = min(bytes.count, start + Int.random(in: 1...largest, using: &random))
        found += summer.add(
          Array(bytes[start..<end]), at: Int64(start), end: Int64(bytes.count))
        start = end
      }
      #expect(found == Self.blocks(of: bytes), "pieces of up to \(largest) bytes")
    }
  }

  @Test func aBlockOfWhichAPieceIsMissingHasNoSum() {
    let bytes = [UInt8](repeating: 5, count: 3 * Self.length)
    let end = Int64(bytes.count)
    var summer = BlockSummer()
    #expect(summer.add(Array(bytes[..<100]), at: 0, end: end).isEmpty)
    let rest = summer.add(Array(bytes[101...]), at: 101, end: end)
    #expect(rest == Array(Self.blocks(of: bytes)[1...]))
    #expect(summer.add(Array(bytes[100..<200]), at: 100, end: end).isEmpty)
  }

  @Test func aBlockAgreesWithItsBytesOnly() {
    var bytes = [UInt8](repeating: 5, count: 1_000)
    let block = SummedBlock(bytes[...], at: 0..<1_000)
    #expect(block.agrees(with: bytes[...]) && !block.agrees(with: bytes[..<999]))
    bytes[500] ^= 1
    #expect(!block.agrees(with: bytes[...]))
  }
}
