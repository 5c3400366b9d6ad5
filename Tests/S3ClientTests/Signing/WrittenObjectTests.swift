import ObjectStorage
import Testing

@testable import S3Client

/// The ETag by which an object is known again that a write with a lost answer has made.
@Suite struct WrittenObjectTests {
  private func info(_ etag: String, size: Int64) -> ObjectInfo {
    ObjectInfo(
      size: size, etag: ETag(etag), lastModified: .epoch, headers: ObjectHeaders())
  }

  private let parts = [
    // MD5 of "b", then of "a": the order of the numbers counts.
    UploadedPart(number: 2, etag: ETag("92eb5ffee6ae2fec3ad71c777531578f"), size: 1),
    UploadedPart(number: 1, etag: ETag("0cc175b9c0f1b6a831c399e269772661"), size: 5 << 20),
  ]

  @Test func theETagOfPartsIsTheDigestOfTheirDigests() throws {
    let digests = Digest.md5(Array("a".utf8)) + Digest.md5(Array("b".utf8))
    let expected = "\(Hexadecimal.encode(Digest.md5(digests)))-2"
    let written = try #require(WrittenObject(parts: parts))
    #expect(written.etag == ETag(expected))
    #expect(written.size == (5 << 20) + 1)
    #expect(written.isConfirmed(by: info(expected, size: (5 << 20) + 1)))
    #expect(!written.isConfirmed(by: info(expected, size: 5 << 20)))
    #expect(!written.isConfirmed(by: info("other", size: (5 << 20) + 1)))
  }

  @Test func aChecksumDecidesWhereBothSidesHaveIt() throws {
    let part = UploadedPart(
      number: 1, etag: ETag("of a key"), size: 4, checksum: ObjectChecksum(.crc64nvme, 7))
    let written = try #require(WrittenObject(parts: [part]))
    var found = info("anything", size: 4)
    #expect(!written.isConfirmed(by: found))
    found.checksum = ObjectChecksum(.crc64nvme, 7)
    #expect(written.isConfirmed(by: found))
    found.checksum = ObjectChecksum(.crc32c, 7)
    #expect(!written.isConfirmed(by: found))
    found.checksum = ObjectChecksum(.crc64nvme, 8)
    #expect(!written.isConfirmed(by: found))
  }

  @Test(arguments: [
    "", "not hexadecimal", "0cc175b9c0f1b6a8", "0cc175b9c0f1b6a831c399e269772661-2",
  ])
  func nothingIsProvenByETagsThatAreNoDigests(_ etag: String) {
    #expect(WrittenObject(parts: [UploadedPart(number: 1, etag: ETag(etag), size: 1)]) == nil)
    #expect(WrittenObject(parts: []) == nil)
  }
}
