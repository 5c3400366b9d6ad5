/// Metadata values as header text.
///
/// A header carries printable ASCII, and its outer and doubled spaces do not survive signing. A
/// value beyond that, or one that would look encoded, is percent-encoded with all its "%"; every
/// other value stays as it is, readable by other tools. Decoding is the exact inverse. A value of
/// another tool that looks encoded is taken as encoded, one with a stray "%" is taken literally.
enum MetadataText {
  static func encode(_ value: String) -> String {
    guard needsEncoding(Array(value.utf8)) else { return value }
    return PercentEncoding.encode(value.utf8) { byte in
      byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "%")
    }
  }

  static func decode(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
    return PercentEncoding.decode(text) ?? text
  }

  private static func needsEncoding(_ bytes: [UInt8]) -> Bool {
    let space = UInt8(ascii: " ")
    if bytes.first == space || bytes.last == space { return true }
    for (index, byte) in bytes.enumerated() {
      if byte < space || byte > 0x7E { return true }
      let next = bytes[(index + 1)...].prefix(2)
      if byte == space, next.first == space { return true }
      if byte == UInt8(ascii: "%"), next.count == 2,
        next.allSatisfy({ Hexadecimal.value(of: $0) != nil })
      {
        return true
      }
    }
    return false
  }
}
