/// Character data between tags, decoded and encoded.
enum XMLText {
  /// The longest reference that is looked at: `&#x10FFFF;` and some leading zeros.
  private static let longestReference = 16

  /// Resolves references and validates UTF-8 and characters.
  static func decode(_ bytes: ArraySlice<UInt8>) throws(XMLError) -> String {
    var decoded: [UInt8] = []
    var rest = bytes
    while let byte = rest.first {
      if byte == UInt8(ascii: "&") {
        let name = rest.dropFirst().prefix(longestReference).prefix { $0 != UInt8(ascii: ";") }
        let scalar = try resolve(name, at: rest.startIndex)
        decoded += String(Character(scalar)).utf8
        // The reference with its "&" and, which `resolve` cannot see, its ";".
        rest = rest.dropFirst(name.count + 1)
        guard rest.first == UInt8(ascii: ";") else {
          throw XMLError(.unknownEntity, at: rest.startIndex)
        }
        rest = rest.dropFirst()
      } else {
        guard byte >= 0x20 || isSpace(byte) else {
          throw XMLError(.invalidCharacter, at: rest.startIndex)
        }
        decoded.append(byte)
        rest = rest.dropFirst()
      }
    }
    guard let text = String(validating: decoded, as: UTF8.self) else {
      throw XMLError(.notUTF8, at: bytes.startIndex)
    }
    return text
  }

  /// Also writes the controls as references that a parser would else normalise away.
  static func encode(_ text: String) -> String {
    var encoded = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": encoded += "&amp;"
      case "<": encoded += "&lt;"
      case ">": encoded += "&gt;"
      case "\"": encoded += "&quot;"
      case "'": encoded += "&apos;"
      case "\t", "\n", "\r": encoded += "&#\(scalar.value);"
      default: encoded.unicodeScalars.append(scalar)
      }
    }
    return encoded
  }

  /// False for texts with characters that XML 1.0 has no way to write.
  static func canRepresent(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      switch scalar.value {
      case 0x9, 0xA, 0xD: true
      case 0..<0x20, 0xFFFE, 0xFFFF: false
      default: true
      }
    }
  }

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x9 || byte == 0xA || byte == 0xD
  }

  /// Character references to controls are accepted, although XML 1.0 forbids them: S3 answers
  /// with them for keys that have such characters.
  private static func resolve(
    _ name: ArraySlice<UInt8>, at offset: Int
  ) throws(XMLError) -> Unicode.Scalar {
    let text = String(decoding: name, as: UTF8.self)
    switch text {
    case "amp": return "&"
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    default: break
    }
    guard name.first == UInt8(ascii: "#") else { throw XMLError(.unknownEntity, at: offset) }
    let isHexadecimal = name.dropFirst().first == UInt8(ascii: "x")
    let digits = name.dropFirst(isHexadecimal ? 2 : 1)
    guard digits.allSatisfy({ Hexadecimal.value(of: $0) != nil }),
      let value = UInt32(
        String(decoding: digits, as: UTF8.self), radix: isHexadecimal ? 16 : 10),
      value > 0, let scalar = Unicode.Scalar(value)
    else { throw XMLError(.invalidCharacter, at: offset) }
    return scalar
  }
}
