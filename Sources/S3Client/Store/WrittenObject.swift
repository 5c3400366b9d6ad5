import ObjectStorage

/// What an object must look like if a write with a lost answer took effect.
struct WrittenObject: Sendable, Hashable {
  /// `nil` where it cannot be known beforehand.
  let etag: ETag?
  /// In bytes.
  let size: Int64
  let checksum: ObjectChecksum?

  init(etag: ETag?, size: Int64, checksum: ObjectChecksum? = nil) {
    self.etag = etag
    self.size = size
    self.checksum = checksum
  }

  /// An object made of parts. `nil` when neither its ETag nor its checksum follows from theirs:
  /// then nothing can be proven, and the write has to be repeated.
  init?(parts: [UploadedPart]) {
    etag = Self.etag(of: parts)
    checksum = ObjectChecksum.whole(of: parts)
    guard etag != nil || checksum != nil else { return nil }
    size = parts.reduce(0) { $0 + $1.size }
  }

  /// The MD5 of the parts' MD5s, and their number. `nil` when the parts' ETags are no MD5s (KMS or
  /// customer keys).
  private static func etag(of parts: [UploadedPart]) -> ETag? {
    var digests: [UInt8] = []
    for part in parts.sorted(by: { $0.number < $1.number }) {
      guard let digest = Hexadecimal.decode(part.etag.text), digest.count == 16 else { return nil }
      digests += digest
    }
    return parts.isEmpty
      ? nil : ETag("\(Hexadecimal.encode(Digest.md5(digests)))-\(parts.count)")
  }

  /// A checksum, where both sides have it, says more than an ETag can.
  func isConfirmed(by found: ObjectInfo) -> Bool {
    guard found.size == size else { return false }
    if let checksum, let stored = found.checksum, stored.algorithm == checksum.algorithm {
      return stored == checksum
    }
    return etag == found.etag
  }
}
