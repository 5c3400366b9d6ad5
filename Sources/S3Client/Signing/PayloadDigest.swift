import ObjectStorage

/// What has to be known of a body before its request can be signed.
struct PayloadDigest: Sendable, Hashable {
  /// Read at a time: large enough for the disk, small beside the memory budget of a transfer.
  static let blockSize = 256 << 10

  /// `nil` where a checksum guards the bytes.
  let md5: [UInt8]?
  let checksum: ObjectChecksum?
  /// Hexadecimal, or `UNSIGNED-PAYLOAD`, as `x-amz-content-sha256` has it.
  let signature: String

  var contentMD5: String? { md5.map { Base64.encode($0) } }
  /// The ETag of an object that is stored with these bytes and without KMS or customer keys.
  var etag: ETag? { md5.map { ETag(Hexadecimal.encode($0)) } }

  init(bytes: [UInt8], checksum: ObjectChecksum? = nil) {
    md5 = checksum == nil ? Digest.md5(bytes) : nil
    self.checksum = checksum
    signature = Hexadecimal.encode(Digest.sha256(bytes))
  }

  /// Reads the source once from its first byte to its last. SHA-256 is left out where the
  /// connection itself protects the body. One of the others guards the bytes until they are stored:
  /// MD5, which takes twenty times as long, only where the store verifies no checksum.
  init(
    _ source: any ObjectSource, signed: Bool, checksum algorithm: ChecksumAlgorithm? = nil
  ) throws(ObjectStoreError) {
    var md5 = Digest(.md5)
    var sha256 = Digest(.sha256)
    var checksum = algorithm.map { Checksum($0) }
    var offset: Int64 = 0
    while offset < source.length {
      let count = Int(min(Int64(Self.blockSize), source.length - offset))
      let block = try source.read(at: offset, count: count)
      guard block.count == count else {
        throw ObjectStoreError(
          .invalid, code: "ShortSource", message: "the source gave fewer bytes than it announced")
      }
      if checksum == nil { md5.update(block) } else { checksum?.update(block) }
      if signed { sha256.update(block) }
      offset += Int64(count)
    }
    let digest = md5.finish()
    self.md5 = checksum == nil ? digest : nil
    self.checksum = checksum?.result
    let hash = sha256.finish()
    signature = signed ? Hexadecimal.encode(hash) : SigningScope.unsignedPayload
  }
}
