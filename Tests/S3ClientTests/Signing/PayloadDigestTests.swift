import ObjectStorage
import Testing

@testable import S3Client

@Suite struct PayloadDigestTests {
  /// RFC 1321, section A.5, and FIPS 180-2, appendix B.1.
  @Test func theDigestsAreThoseOfTheStandards() {
    let digest = PayloadDigest(bytes: Array("abc".utf8))
    #expect(digest.etag == ETag("900150983cd24fb0d6963f7d28e17f72"))
    #expect(digest.contentMD5 == "kAFQmDzST7DWlj99KOF/cg==")
    #expect(
      digest.signature == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test(arguments: [0, 1, 262_143, 262_144, 262_145, 600_000])
  func aSourceIsReadToItsLastByte(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let digest = try PayloadDigest(BytesSource(bytes), signed: true)
    #expect(digest == PayloadDigest(bytes: bytes))
    let unsigned = try PayloadDigest(BytesSource(bytes), signed: false)
    #expect(unsigned.md5 == digest.md5)
    #expect(unsigned.signature == "UNSIGNED-PAYLOAD")
  }

  @Test func aSourceThatGivesTooFewBytesIsRefused() {
    let error = #expect(throws: ObjectStoreError.self) {
      try PayloadDigest(ShortSource(), signed: true)
    }
    #expect(error?.kind == .invalid)
    #expect(error?.code == "ShortSource")
  }

  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func base64IsThatOfTheStandard(_ text: String, _ encoded: String) {
    #expect(Base64.encode(Array(text.utf8)) == encoded)
  }

  @Test func base64UsesItsWholeAlphabet() {
    #expect(Base64.encode([0xFB, 0xFF, 0xBF, 0x00, 0x10, 0x83]) == "+/+/ABCD")
  }

  @Test func hexadecimalIsRefusedUnlessItIsPairsOfDigits() {
    #expect(Hexadecimal.decode("00fFa1") == [0, 0xFF, 0xA1])
    for text in ["0", "0g", "g0", " 00", "00-2", "é"] { #expect(Hexadecimal.decode(text) == nil) }
  }

  private struct ShortSource: ObjectSource {
    let length: Int64 = 10
    func read(at offset: Int64, count: Int) throws(ObjectStoreError) -> [UInt8] { [1, 2, 3] }
  }
}
