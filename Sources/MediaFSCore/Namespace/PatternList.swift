/// Patterns of which any may match, written one after the other with colons between them; a colon
/// that belongs to a pattern is written `\:`.
package struct PatternList: Sendable {
  /// As it was written.
  package let text: String
  private let patterns: [Glob]

  /// Matches nothing.
  package init() {
    text = ""
    patterns = []
  }

  package init(parsing text: String) throws(GlobError) {
    self.text = text
    var patterns: [Glob] = []
    for pattern in Self.split(text) { patterns.append(try Glob(parsing: pattern)) }
    self.patterns = patterns
  }

  package var isEmpty: Bool { patterns.isEmpty }

  /// True when a pattern matches the path or a directory that it lies in.
  package func covers(_ path: [FileName]) -> Bool {
    guard !patterns.isEmpty, !path.isEmpty else { return false }
    let text = path.map(\.text).joined(separator: "/")
    return patterns.contains { $0.covers(text) }
  }

  /// One list of many, each of which may have colons in it.
  package static func joined(_ patterns: [String]) -> String {
    patterns.map { pattern in
      pattern.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "\\:")
    }.joined(separator: ":")
  }

  /// Empty patterns are left out. Backslashes stay, for the pattern to read.
  private static func split(_ text: String) -> [String] {
    var patterns = [""]
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if scalar == ":", !isEscaped {
        patterns.append("")
      } else {
        patterns[patterns.count - 1].unicodeScalars.append(scalar)
      }
      isEscaped = scalar == "\\" && !isEscaped
    }
    return patterns.filter { !$0.isEmpty }
  }
}
