/// The naming rules of S3 buckets.
///
/// Only what holds for every general purpose bucket is checked; the store refuses the rest
/// (reserved affixes, names in use) in its own words.
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
package enum BucketName {
  /// In bytes, which are characters here.
  private static let lengths = 3...63

  /// Returns `name` when it can be a bucket's name.
  package static func validate(_ name: String) throws(SourceError) -> String {
    let bytes = Array(name.utf8)
    guard let first = bytes.first, let last = bytes.last else {
      throw SourceError(.bucket, name, "is missing", cure: "write s3://BUCKET[/NAMESPACE]")
    }
    guard lengths.contains(bytes.count) else {
      throw SourceError(
        .bucket, name, "has \(bytes.count) characters", cure: "a bucket's name has 3 to 63")
    }
    guard bytes.allSatisfy({ isAlphanumeric($0) || isSeparator($0) }) else {
      throw SourceError(
        .bucket, name, "has a character that no bucket has",
        cure: "use lower-case letters, digits, dots and hyphens")
    }
    guard isAlphanumeric(first), isAlphanumeric(last) else {
      throw SourceError(
        .bucket, name, "begins or ends with a dot or hyphen",
        cure: "begin and end with a lower-case letter or a digit")
    }
    guard !zip(bytes, bytes.dropFirst()).contains(where: { $0 == dot && $1 == dot }) else {
      throw SourceError(.bucket, name, "has two dots in a row", cure: "use single dots")
    }
    guard !isAddress(bytes) else {
      throw SourceError(
        .bucket, name, "looks like an IP address",
        cure: "name the bucket here and the server in s3.endpoint")
    }
    return name
  }

  private static let dot = UInt8(ascii: ".")

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || isDigit(byte)
  }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    byte == dot || byte == UInt8(ascii: "-")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// Four numbers with dots between them.
  private static func isAddress(_ bytes: [UInt8]) -> Bool {
    let fields = bytes.split(separator: dot, omittingEmptySubsequences: false)
    return fields.count == 4 && fields.allSatisfy { $0.count <= 3 && $0.allSatisfy(isDigit) }
  }
}
