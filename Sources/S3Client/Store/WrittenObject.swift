import ObjectStorage

/// What an object must look like if a write with a lost answer took effect.
struct WrittenObject: Sendable, Hashable {
  let etag: ETag
  /// In bytes.
  let size: Int64

  init(etag: ETag, size: Int64) {
    self.etag = etag
    self.size = size
  }

  /// An object made of parts: its ETag is the MD5 of the parts' MD5s, and their number. `nil`
  /// when the parts' ETags are no MD5s (KMS or customer keys): then nothing can be proven, and
  /// the write has to be repeated.
  init?(parts: [UploadedPart]) {
    var digests: [UInt8] = []
    var size: Int64 = 0
    for part in parts.sorted(by: { $0.number < $1.number }) {
      guard let digest = Hexadecimal.decode(part.etag.text), digest.count == 16 else { return nil }
      digests += digest
      size += part.size
    }
    guard !parts.isEmpty else { return nil }
    etag = ETag("\(Hexadecimal.encode(Digest.md5(digests)))-\(parts.count)")
    self.size = size
  }

  func isConfirmed(by found: ObjectInfo) -> Bool {
    found.etag == etag && found.size == size
  }
}
