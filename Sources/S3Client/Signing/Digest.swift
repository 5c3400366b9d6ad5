import CCrypto

/// A running digest by OpenSSL.
@safe struct Digest: ~Copyable {
  enum Algorithm {
    case md5
    case sha256
  }

  private let context: OpaquePointer

  init(_ algorithm: Algorithm) {
    // Fails when memory is exhausted, or for MD5 under a FIPS-only OpenSSL, where no S3 upload
    // with Content-MD5 is possible at all: a broken installation, not an answer of the store.
    guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("no digest context") }
    unsafe self.context = unsafe context
    let begun = unsafe EVP_DigestInit_ex(context, Digest.implementation(algorithm), nil)
    precondition(begun == 1, "OpenSSL refuses the digest \(algorithm)")
  }

  deinit {
    unsafe EVP_MD_CTX_free(context)
  }

  mutating func update(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { buffer in
      let updated = unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
      precondition(updated == 1, "EVP_DigestUpdate fails only for a context without a digest")
    }
  }

  consuming func finish() -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
      var length: UInt32 = 0
      let finished = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, &length)
      precondition(finished == 1, "EVP_DigestFinal_ex fails only for a context without a digest")
      count = Int(length)
    }
  }

  static func sha256(_ bytes: [UInt8]) -> [UInt8] { once(.sha256, bytes) }
  static func md5(_ bytes: [UInt8]) -> [UInt8] { once(.md5, bytes) }

  /// HMAC-SHA-256 (RFC 2104) of `message`.
  static func authenticationCode(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
      var length: UInt32 = 0
      let result = unsafe HMAC(
        EVP_sha256(), key, Int32(key.count), message, message.count, buffer.baseAddress, &length)
      precondition(unsafe result != nil, "HMAC fails only without memory")
      count = Int(length)
    }
  }

  private static func once(_ algorithm: Algorithm, _ bytes: [UInt8]) -> [UInt8] {
    var digest = Digest(algorithm)
    digest.update(bytes)
    return digest.finish()
  }

  private static func implementation(_ algorithm: Algorithm) -> OpaquePointer? {
    switch algorithm {
    case .md5: unsafe EVP_md5()
    case .sha256: unsafe EVP_sha256()
    }
  }
}
