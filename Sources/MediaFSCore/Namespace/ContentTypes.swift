/// The Content-Type of a file, from the extension of its name.
package struct ContentTypes: Sendable {
  /// What is known of a file without a known extension.
  package static let fallback = "application/octet-stream"

  private let types: [String: String]

  /// - Parameter mimeTypes: the text of /etc/mime.types, mime.types(5): a type and its extensions
  ///   on each line. What it says goes before the built-in table.
  package init(mimeTypes: String = "") {
    var types: [String: String] = [:]
    // The first type that names an extension counts, as in other readers of this file.
    for text in [mimeTypes, Self.builtIn] {
      for line in text.utf8.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
        let words = line.prefix { $0 != UInt8(ascii: "#") }
          .split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") })
        guard let type = words.first, Self.isType(type) else { continue }
        for word in words.dropFirst() {
          let key = Self.lowercased(word)
          if types[key] == nil { types[key] = String(Substring(type)) }
        }
      }
    }
    self.types = types
  }

  /// By what follows the last dot, in any case. The dot of a hidden file makes no extension.
  package func type(of name: FileName) -> String {
    let bytes = name.text.utf8
    guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot != bytes.startIndex else {
      return Self.fallback
    }
    return types[Self.lowercased(bytes[bytes.index(after: dot)...])] ?? Self.fallback
  }

  /// Printable ASCII around one slash: the value goes into a header as it is.
  private static func isType(_ word: Substring.UTF8View) -> Bool {
    word.allSatisfy { (0x21...0x7E).contains($0) }
      && word.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).count == 2
      && word.first != UInt8(ascii: "/") && word.last != UInt8(ascii: "/")
  }

  /// ASCII letters only: an extension with others is its own.
  private static func lowercased(_ word: Substring.UTF8View) -> String {
    let bytes = word.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    return String(decoding: bytes, as: UTF8.self)
  }
}
