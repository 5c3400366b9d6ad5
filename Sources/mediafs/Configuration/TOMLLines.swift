/// Finds the line on which a TOML file sets a key; the parser does not tell.
///
/// Reads `[table]` headers and `key =` only. A key inside an inline table, or behind escapes, has
/// no line here, and an error then names the file alone.
struct TOMLLines: Sendable {
  private var lines: [String: Int] = [:]

  init(_ text: String) {
    var table = ""
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let line = line.drop(while: \.isWhitespace)
      if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
        table = Self.name(line[line.index(after: line.startIndex)..<end]) + "."
      } else if !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") {
        let key = table + Self.name(line[..<equals])
        if lines[key] == nil { lines[key] = index + 1 }
      }
    }
  }

  /// Counts from 1.
  func line(of key: String) -> Int? { lines[key] }

  private static func name(_ text: Substring) -> String {
    String(text.filter { !$0.isWhitespace && $0 != "\"" && $0 != "'" })
  }
}
