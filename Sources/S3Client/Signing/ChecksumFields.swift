import ObjectStorage

extension ChecksumAlgorithm {
  /// The header field of a checksum, in requests and answers.
  var field: String { "x-amz-checksum-\(rawValue)" }
  /// The element of a document with a checksum.
  var element: String { "Checksum\(name)" }
  /// As S3 names it in the values of fields.
  var name: String { rawValue.uppercased() }
}

extension HTTPHeaders {
  /// The checksum of all bytes of an object, as an answer names it.
  var objectChecksum: ObjectChecksum? {
    for algorithm in ChecksumAlgorithm.allCases {
      if let checksum = checksum(algorithm) { return checksum }
    }
    return nil
  }

  func checksum(_ algorithm: ChecksumAlgorithm) -> ObjectChecksum? {
    guard ChecksumScope(self["x-amz-checksum-type"]) != .composite else { return nil }
    return self[algorithm.field].flatMap { ObjectChecksum(algorithm, text: $0) }
  }

  /// Has the store check the body of the request.
  mutating func set(_ checksum: ObjectChecksum) {
    set(checksum.algorithm.field, checksum.text)
    // Ceph looks at the checksum only where this names it.
    set("x-amz-sdk-checksum-algorithm", checksum.algorithm.name)
  }
}

extension XMLElement {
  /// The checksum of all bytes of an object or a part.
  func checksum() -> ObjectChecksum? {
    guard ChecksumScope(child("ChecksumType")?.text) != .composite else { return nil }
    for algorithm in ChecksumAlgorithm.allCases {
      if let text = child(algorithm.element)?.text,
        let checksum = ObjectChecksum(algorithm, text: text)
      {
        return checksum
      }
    }
    return nil
  }
}

/// Of what a checksum is.
enum ChecksumScope {
  case whole
  /// Of the checksums of parts.
  case composite
  case unknown

  init(_ text: String?) {
    switch text?.uppercased() {
    case "FULL_OBJECT": self = .whole
    case "COMPOSITE": self = .composite
    default: self = .unknown
    }
  }
}
