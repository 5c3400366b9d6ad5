import CChecksum
import MediaFSTesting
import ObjectStorage
import Testing

@testable import S3Client

@Suite struct ChecksumTests {
  private static let check = Array("123456789".utf8)

  /// Of "123456789", by https://reveng.sourceforge.io/crc-catalogue/all.htm; of 32 zeros and
  /// of 32 bytes with all bits set, by RFC 3720, section B.4.
  @Test func checksumsAreThoseOfTheStandards() {
    #expect(Checksum.of(Self.check, .crc64nvme).value == 0xae8b_1486_0a79_9888)
    #expect(Checksum.of(Self.check, .crc32c).value == 0xe306_9283)
    #expect(Checksum.of([UInt8](repeating: 0, count: 32), .crc32c).value == 0x8a91_36aa)
    #expect(Checksum.of([UInt8](repeating: 0xFF, count: 32), .crc32c).value == 0x62a8_ab43)
    #expect(Checksum.of([], .crc64nvme).value == 0)
  }

  @Test func theirTextIsThatOfS3() {
    #expect(Checksum.of(Self.check, .crc64nvme).text == "rosUhgp5mIg=")
    #expect(Checksum.of(Self.check, .crc32c).text == "4waSgw==")
    for algorithm in ChecksumAlgorithm.allCases {
      let checksum = Checksum.of(Self.check, algorithm)
      #expect(ObjectChecksum(algorithm, text: checksum.text) == checksum)
      for text in ["", "4waS", checksum.text + "-3", "rosUhgp5mIgA", "4waS gw=="] {
        #expect(ObjectChecksum(algorithm, text: text) == nil)
      }
    }
  }

  @Test(arguments: ChecksumAlgorithm.allCases)
  func theCPUAndTheTableAgreeWhereverBytesAreCut(_ algorithm: ChecksumAlgorithm) {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededRandom(seed: seed)
    for _ in 0..<300 {
      let count = Int.random(in: 0...700, using: &random)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
      let cut = Int.random(in: 0...count, using: &random)
      var running = Checksum(algorithm)
      running.update(Array(bytes[..<cut]))
      running.update(Array(bytes[cut...]))
      #expect(running.result.value == plain(bytes, algorithm), "seed \(seed)")
    }
  }

  @Test(arguments: ChecksumAlgorithm.allCases)
  func theChecksumOfAllFollowsFromThoseOfTheParts(_ algorithm: ChecksumAlgorithm) throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededRandom(seed: seed)
    for _ in 0..<100 {
      var (bytes, parts): ([UInt8], [UploadedPart]) = ([], [])
      for number in 1...Int.random(in: 1...5, using: &random) {
        let count = Int.random(in: 0...900, using: &random)
        let part = (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        bytes += part
        parts.append(
          UploadedPart(
            number: number, etag: ETag(""), size: Int64(count),
            checksum: Checksum.of(part, algorithm)))
      }
      let whole = ObjectChecksum.whole(of: parts.shuffled(using: &random))
      #expect(whole == Checksum.of(bytes, algorithm), "seed \(seed)")
    }
  }

  @Test func nothingFollowsFromPartsOfWhichOneIsUnknown() {
    let known = UploadedPart(
      number: 1, etag: ETag(""), size: 1, checksum: Checksum.of([1], .crc64nvme))
    let other = UploadedPart(
      number: 2, etag: ETag(""), size: 1, checksum: Checksum.of([1], .crc32c))
    let unknown = UploadedPart(number: 2, etag: ETag(""), size: 1)
    #expect(ObjectChecksum.whole(of: [known]) == known.checksum)
    #expect(ObjectChecksum.whole(of: [known, other]) == nil)
    #expect(ObjectChecksum.whole(of: [unknown, known]) == nil)
    #expect(ObjectChecksum.whole(of: []) == nil)
  }

  private func plain(_ bytes: [UInt8], _ algorithm: ChecksumAlgorithm) -> UInt64 {
    unsafe bytes.withUnsafeBytes { buffer in
      switch algorithm {
      case .crc64nvme: unsafe checksum_crc64nvme_portable(0, buffer.baseAddress, buffer.count)
      case .crc32c:
        UInt64(unsafe checksum_crc32c_portable(0, buffer.baseAddress, buffer.count))
      }
    }
  }
}
