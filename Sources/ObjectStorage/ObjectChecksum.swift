/// A checksum that S3 keeps of whole objects (`x-amz-checksum-*`), and computes of what comes.
///
/// Only those are here whose value for an object follows from those of its parts.
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
package enum ChecksumAlgorithm: String, Sendable, CaseIterable {
  /// CRC-64/NVME, what AWS computes itself.
  case crc64nvme
  /// CRC-32C (Castagnoli).
  case crc32c

  /// In bits.
  package var width: Int {
    switch self {
    case .crc64nvme: 64
    case .crc32c: 32
    }
  }

  /// The polynomial without its highest term, the next one in the highest bit's place being that
  /// of degree 0 (reflected).
  fileprivate var polynomial: UInt64 {
    switch self {
    case .crc64nvme: 0x9a6c_9329_ac4b_c9b5
    case .crc32c: 0x82f6_3b78
    }
  }
}

/// The checksum of all bytes of an object, or of a part of one.
package struct ObjectChecksum: Sendable, Hashable {
  package let algorithm: ChecksumAlgorithm
  package let value: UInt64

  package init(_ algorithm: ChecksumAlgorithm, _ value: UInt64) {
    self.algorithm = algorithm
    self.value = value
  }

  /// As it stands in header fields and documents of S3: Base64 of the value's bytes, highest first.
  /// `nil` for anything else, also for a checksum of checksums (`AbCd==-3`).
  package init?(_ algorithm: ChecksumAlgorithm, text: String) {
    guard let bytes = Base64.decode(text), bytes.count * 8 == algorithm.width else { return nil }
    self.init(algorithm, bytes.reduce(0) { $0 << 8 | UInt64($1) })
  }

  package var text: String {
    Base64.encode(
      stride(from: algorithm.width - 8, through: 0, by: -8).map {
        UInt8(truncatingIfNeeded: value >> UInt64($0))
      })
  }
}

extension ObjectChecksum {
  /// The checksum of these bytes and those of `next` behind them.
  ///
  /// - Parameter length: of `next`, in bytes; never negative.
  /// - Returns: `nil` when the two are of different kinds.
  package func followed(by next: ObjectChecksum, length: Int64) -> ObjectChecksum? {
    guard algorithm == next.algorithm, length >= 0 else { return nil }
    let moved = Self.product(value, Self.shift(bytes: UInt64(length), algorithm), algorithm)
    return ObjectChecksum(algorithm, moved ^ next.value)
  }

  /// The checksum of the object that is made of these parts, in the order of their numbers; `nil`
  /// unless one of the same kind is known of each.
  package static func whole(of parts: [UploadedPart]) -> ObjectChecksum? {
    var whole: ObjectChecksum?
    for part in parts.sorted(by: { $0.number < $1.number }) {
      guard let checksum = part.checksum else { return nil }
      guard let before = whole else {
        whole = checksum
        continue
      }
      guard let both = before.followed(by: checksum, length: part.size) else { return nil }
      whole = both
    }
    return whole
  }

  /// x^(8 · bytes) modulo the polynomial, by repeated squaring.
  private static func shift(bytes: UInt64, _ algorithm: ChecksumAlgorithm) -> UInt64 {
    let one = UInt64(1) << UInt64(algorithm.width - 1)
    var (power, square, rest) = (one, one >> 8, bytes)
    while rest > 0 {
      if rest & 1 == 1 { power = product(power, square, algorithm) }
      square = product(square, square, algorithm)
      rest >>= 1
    }
    return power
  }

  /// The product of two polynomials modulo that of the algorithm, all of them reflected.
  private static func product(
    _ left: UInt64, _ right: UInt64, _ algorithm: ChecksumAlgorithm
  ) -> UInt64 {
    var (sum, factor, term) = (UInt64(0), right, UInt64(1) << UInt64(algorithm.width - 1))
    while term > 0 {
      if left & term != 0 { sum ^= factor }
      factor = factor & 1 == 1 ? factor >> 1 ^ algorithm.polynomial : factor >> 1
      term >>= 1
    }
    return sum
  }
}
