/// What metadata weighs against S3's limit.
package enum MetadataSize {
  /// S3 takes no more user metadata than this, in bytes.
  /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
  package static let limit = 2_048

  /// Names count with the prefix that they have in headers: not in S3, but in some of its clones.
  private static let prefix = "x-amz-meta-".utf8.count

  /// At most this many bytes: values that may have to be percent-encoded on their way count so.
  package static func of(_ metadata: [String: String]) -> Int {
    metadata.reduce(0) { $0 + prefix + $1.key.utf8.count + size(of: $1.value) }
  }

  private static func size(of value: String) -> Int {
    let isPlain = value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "%") }
    if isPlain { return value.utf8.count }
    return value.utf8.reduce(0) { sum, byte in
      sum + (byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "%") ? 1 : 3)
    }
  }
}
