import CChecksum

/// A running checksum.
package struct Checksum {
  package private(set) var result: ObjectChecksum

  package init(_ algorithm: ChecksumAlgorithm) {
    // Of no bytes.
    result = ObjectChecksum(algorithm, 0)
  }

  package mutating func update(_ bytes: [UInt8]) {
    let before = result
    let value = unsafe bytes.withUnsafeBytes { buffer in
      switch before.algorithm {
      case .crc64nvme:
        unsafe checksum_crc64nvme(before.value, buffer.baseAddress, buffer.count)
      case .crc32c:
        UInt64(
          unsafe checksum_crc32c(
            UInt32(truncatingIfNeeded: before.value), buffer.baseAddress, buffer.count))
      }
    }
    result = ObjectChecksum(before.algorithm, value)
  }

  package static func of(_ bytes: [UInt8], _ algorithm: ChecksumAlgorithm) -> ObjectChecksum {
    var checksum = Checksum(algorithm)
    checksum.update(bytes)
    return checksum.result
  }
}
