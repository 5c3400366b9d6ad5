/// Percent-encoding of URLs as signatures need it (RFC 3986).
enum PercentEncoding {
  /// Encodes all but the unreserved characters `A–Z a–z 0–9 - . _ ~`.
  static func encode(_ text: String, keepingSlash: Bool = false) -> String {
    encode(text.utf8) { byte in
      isUnreserved(byte) || (keepingSlash && byte == UInt8(ascii: "/"))
    }
  }

  static func encode(
    _ bytes: some Sequence<UInt8>, keeping isKept: (UInt8) -> Bool
  ) -> String {
    var encoded: [UInt8] = []
    for byte in bytes {
      if isKept(byte) {
        encoded.append(byte)
      } else {
        encoded.append(UInt8(ascii: "%"))
        encoded += Hexadecimal.encode(CollectionOfOne(byte)).uppercased().utf8
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  /// `nil` when a "%" is not followed by two hexadecimal digits or the result is not UTF-8.
  static func decode(_ text: String, plusIsSpace: Bool = false) -> String? {
    var decoded: [UInt8] = []
    var bytes = text.utf8.makeIterator()
    while let byte = bytes.next() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = bytes.next().flatMap(Hexadecimal.value(of:)),
          let low = bytes.next().flatMap(Hexadecimal.value(of:))
        else { return nil }
        decoded.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace:
        decoded.append(UInt8(ascii: " "))
      default:
        decoded.append(byte)
      }
    }
    return String(validating: decoded, as: UTF8.self)
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
    default: byte.isASCIILetter || byte.isASCIIDigit
    }
  }
}
