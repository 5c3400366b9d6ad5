/// A JSON object whose values are strings (RFC 8259): all of JSON that object metadata has.
///
/// Not a dictionary: names that differ in normalisation only are equal strings to Swift, and two
/// attributes to Linux.
enum TextMap {
  static func encode(_ pairs: [(name: String, value: String)]) -> String {
    let members = pairs.map { quoted($0.name) + ":" + quoted($0.value) }
    return "{" + members.joined(separator: ",") + "}"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\":
        result.unicodeScalars.append("\\")
        result.unicodeScalars.append(scalar)
      case "\u{0}"..<"\u{20}", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// `nil` when the text is anything else.
  static func decode(_ text: String) -> [(name: String, value: String)]? {
    var reader = Reader(text)
    return reader.object()
  }

  private struct Reader {
    private let scalars: [Unicode.Scalar]
    private var position = 0

    init(_ text: String) {
      scalars = Array(text.unicodeScalars)
    }

    private mutating func skipSpace() {
      while position < scalars.count, [" ", "\t", "\n", "\r"].contains(scalars[position]) {
        position += 1
      }
    }

    /// Takes a sign, whatever space there is before it; false when there is another one.
    private mutating func take(_ sign: Unicode.Scalar) -> Bool {
      skipSpace()
      guard position < scalars.count, scalars[position] == sign else { return false }
      position += 1
      return true
    }

    private mutating func next() -> Unicode.Scalar? {
      guard position < scalars.count else { return nil }
      defer { position += 1 }
      return scalars[position]
    }

    mutating func object() -> [(name: String, value: String)]? {
      guard take("{") else { return nil }
      var pairs: [(name: String, value: String)] = []
      if !take("}") {
        repeat {
          guard let name = string(), take(":"), let value = string() else { return nil }
          pairs.append((name, value))
        } while take(",")
        guard take("}") else { return nil }
      }
      skipSpace()
      return position == scalars.count ? pairs : nil
    }

    private mutating func string() -> String? {
      guard take("\"") else { return nil }
      var text = String.UnicodeScalarView()
      while let scalar = next() {
        switch scalar {
        case "\"": return String(text)
        case "\\":
          guard let escaped = escaped() else { return nil }
          text.append(escaped)
        case "\u{0}"..<"\u{20}": return nil
        default: text.append(scalar)
        }
      }
      return nil
    }

    private mutating func escaped() -> Unicode.Scalar? {
      switch next() {
      case "\"": "\""
      case "\\": "\\"
      case "/": "/"
      case "b": "\u{8}"
      case "f": "\u{C}"
      case "n": "\n"
      case "r": "\r"
      case "t": "\t"
      case "u": unit().flatMap { scalar(from: $0) }
      default: nil
      }
    }

    /// Four hexadecimal digits: a UTF-16 code unit.
    private mutating func unit() -> UInt16? {
      var digits = ""
      for _ in 0..<4 {
        guard let digit = next(), digit.properties.isASCIIHexDigit else { return nil }
        digits.unicodeScalars.append(digit)
      }
      return UInt16(digits, radix: 16)
    }

    /// Two units make a letter beyond the first 65,536.
    private mutating func scalar(from first: UInt16) -> Unicode.Scalar? {
      guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
      guard next() == "\\", next() == "u", let second = unit(), UTF16.isTrailSurrogate(second)
      else { return nil }
      let bits = (UInt32(first) & 0x3FF) << 10 | UInt32(second) & 0x3FF
      return Unicode.Scalar(0x10000 + bits)
    }
  }
}
