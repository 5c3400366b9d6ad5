@testable import MediaFSCache
import MediaFSTesting
import Testing

/// The checksum of cached blocks, by the processor and without it.
@Suite struct CRC32CTests {
  /// RFC 3720, appendix B.4, as numbers instead of bytes in their order on the wire.
  static let vectors: [(bytes: [UInt8], sum: UInt32)] = [
    ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
    ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
    ([UInt8](0..<32), 0x46dd_794e),
    ([UInt8]((0..<32).reversed()), 0x113f_db5c),
    (readCommand, 0xd996_3a56),
  ]

  private static let readCommand: [UInt8] =
    [0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0]
    + [0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0]

  @Test func vectorsOfTheStandard() {
    for (bytes, sum) in Self.vectors {
      #expect(CRC32C.sum(bytes[...]) == sum)
      #expect(unsafe bytes.withUnsafeBytes { unsafe CRC32C.portableSum($0) } == sum)
    }
    #expect(CRC32C.sum([]) == 0)
    #expect(CRC32C.sum(Array("123456789".utf8)[...]) == 0xe306_9283)
  }

  @Test func aSumGoesOnWhereTheLastOneEnded() {
    var random = SeededRandom(seed: 20)
    for length in [0, 1, 7, 8, 9, 63, 64, 4_097] {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      let whole = CRC32C.sum(bytes[...])
      let portable = unsafe bytes.withUnsafeBytes { unsafe CRC32C.portableSum($0) }
      #expect(portable == whole, "\(length) bytes")
      let cut = Int.random(in: 0...length, using: &random)
      let parts = CRC32C.sum(bytes[cut...], after: CRC32C.sum(bytes[..<cut]))
      #expect(parts == whole, "\(length) bytes in two parts, at \(cut)")
    }
  }
}
