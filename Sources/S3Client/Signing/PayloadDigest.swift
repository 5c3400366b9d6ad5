import ObjectStorage

/// What has to be known of a body before its request can be signed.
struct PayloadDigest: Sendable, Hashable {
  /// Read at a time: large enough for the disk, small beside the memory budget of a transfer.
  static let blockSize = 256 << 10

  let md5: [UInt8]
  /// Hexadecimal, or `UNSIGNED-PAYLOAD`, as `x-amz-content-sha256` has it.
  let signature: String

  var contentMD5: String { Base64.encode(md5) }
  /// The ETag of an object that is stored with these bytes and without KMS or customer keys.
  var etag: ETag { ETag(Hexadecimal.encode(md5)) }

  init(bytes: [UInt8]) {
    md5 = Digest.md5(bytes)
    signature = Hexadecimal.encode(Digest.sha256(bytes))
  }

  /// Reads the source once from its first byte to its last. SHA-256 is left out where the
  /// connection itself protects the body; MD5 never is, for it guards the bytes until they are
  /// stored.
  init(_ source: any ObjectSource, signed: Bool) throws(ObjectStoreError) {
    var md5 = Digest(.md5)
    var sha256 = Digest(.sha256)
    var offset: Int64 = 0
    while offset < source.length {
      let count = Int(min(Int64(Self.blockSize), source.length - offset))
      let block = try source.read(at: offset, count: count)
      guard block.count == count else {
        throw ObjectStoreError(
          .invalid, code: "ShortSource", message: "the source gave fewer bytes than it announced")
      }
      md5.update(block)
      if signed { sha256.update(block) }
      offset += Int64(count)
    }
    self.md5 = md5.finish()
    let hash = sha256.finish()
    signature = signed ? Hexadecimal.encode(hash) : SigningScope.unsignedPayload
  }
}
