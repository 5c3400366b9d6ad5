import ObjectStorage

/// Extended attributes as text: a JSON object of names and Base64 values, as s3fs keeps them.
extension ExtendedAttributes {
  package var text: String {
    TextMap.encode(
      names.map { name in
        (name: name.text, value: Base64.encode(self[name] ?? []))
      })
  }

  /// Reads what any tool may have written; what cannot be an attribute is left out. `nil` when the
  /// text is no such object.
  ///
  /// - Parameter text: s3fs percent-encodes it. Whoever gave the text may have decoded that.
  package init?(text: String) {
    let isPlain = text.utf8.first == UInt8(ascii: "{")
    guard let pairs = TextMap.decode(isPlain ? text : Self.decodingPercents(text)) else {
      return nil
    }
    self.init()
    for (name, encoded) in pairs {
      guard let name = AttributeName(name), let value = Base64.decode(encoded),
        value.count <= Self.maximumValue
      else { continue }
      self[name] = value
    }
    if isTooLarge { return nil }
  }

  private static func decodingPercents(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2)
      if byte == UInt8(ascii: "%"), digits.count == 2,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
