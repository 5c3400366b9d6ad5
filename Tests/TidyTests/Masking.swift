/// Tells code, comments and string literals of a Swift file apart, byte by byte.
///
/// It knows line and nested block comments, and string literals of every kind; code within an
/// interpolation counts as part of the string. Regular expression literals are taken for code.
struct Masking {
  private let text: [UInt8]
  private var position = 0
  private var code: [UInt8] = []
  private var comments: [UInt8] = []

  init(_ text: String) {
    self.text = Array(text.utf8)
  }

  mutating func run() -> (code: String, comments: String) {
    while position < text.count {
      let byte = text[position]
      if !Self.isMark(byte) {
        code.append(byte)
        comments.append(blank(byte))
        position += 1
      } else if matches("//") {
        comment(until: lineEnd())
      } else if matches("/*") {
        comment(until: blockEnd())
      } else if let hashes = stringStart() {
        string(hashes: hashes)
      } else {
        take(1, asCode: true)
      }
    }
    return (String(decoding: code, as: UTF8.self), String(decoding: comments, as: UTF8.self))
  }

  /// Only these bytes can begin a comment or a string.
  private static func isMark(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "#")
  }

  private func matches(_ token: String, at index: Int? = nil) -> Bool {
    text[(index ?? position)...].starts(with: token.utf8)
  }

  private func blank(_ byte: UInt8) -> UInt8 {
    byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " ")
  }

  private mutating func take(_ count: Int, asCode: Bool) {
    for byte in text[position..<min(position + count, text.count)] {
      code.append(asCode ? byte : blank(byte))
      comments.append(blank(byte))
    }
    position = min(position + count, text.count)
  }

  private func lineEnd() -> Int {
    text[position...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
  }

  private func blockEnd() -> Int {
    var depth = 0
    var index = position
    while index < text.count {
      if matches("/*", at: index) {
        depth += 1
        index += 2
      } else if matches("*/", at: index) {
        depth -= 1
        index += 2
        if depth == 0 { return index }
      } else {
        index += 1
      }
    }
    return index
  }

  private mutating func comment(until end: Int) {
    for byte in text[position..<end] {
      comments.append(byte)
      code.append(blank(byte))
    }
    position = end
  }

  /// The number of `#` before the quotation mark when a string literal begins here.
  private func stringStart() -> Int? {
    var index = position
    while index < text.count, text[index] == UInt8(ascii: "#") { index += 1 }
    return index < text.count && text[index] == UInt8(ascii: "\"") ? index - position : nil
  }

  private mutating func string(hashes: Int) {
    let pounds = String(repeating: "#", count: hashes)
    let quote = matches("\"\"\"", at: position + hashes) ? "\"\"\"" : "\""
    take(hashes + quote.utf8.count, asCode: true)
    var nesting = 0
    while position < text.count {
      if matches("\\" + pounds + "(") {
        nesting += 1
        take(hashes + 2, asCode: false)
      } else if nesting > 0 {
        skipInterpolated(&nesting)
      } else if matches("\\" + pounds) {
        take(hashes + 2, asCode: false)
      } else if matches(quote + pounds) {
        take(quote.utf8.count + hashes, asCode: true)
        return
      } else {
        take(1, asCode: false)
      }
    }
  }

  /// Within `\(…)`: counts parentheses, and passes over string literals inside.
  private mutating func skipInterpolated(_ nesting: inout Int) {
    if let hashes = stringStart() {
      let (before, beforeComments) = (code, comments)
      string(hashes: hashes)
      let skipped = code[before.count...].map(blank)
      code = before + skipped
      comments = beforeComments + skipped
      return
    }
    if matches("(") { nesting += 1 }
    if matches(")") { nesting -= 1 }
    take(1, asCode: false)
  }
}
