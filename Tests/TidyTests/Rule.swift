import Testing

/// A rule of the house that a program can check.
struct Rule: Sendable, CustomTestStringConvertible {
  let name: String
  /// Files that break the rule, and that show it is looked for.
  let bad: [Example]
  /// Files that come close and are right.
  let good: [Example]
  /// One line for each place that breaks the rule.
  let violations: @Sendable ([SourceFile]) -> [String]

  struct Example: Sendable {
    let path: String
    let text: String

    init(_ text: String, at path: String = "Sources/MediaFSEngine/Volume.swift") {
      self.path = path
      self.text = text
    }
  }

  init(
    _ name: String, bad: [Example], good: [Example],
    violations: @escaping @Sendable ([SourceFile]) -> [String]
  ) {
    self.name = name
    self.bad = bad
    self.good = good
    self.violations = violations
  }

  /// A rule that looks at each file by itself.
  init(
    _ name: String, bad: [Example], good: [Example],
    eachFile check: @escaping @Sendable (SourceFile) -> [String]
  ) {
    self.init(name, bad: bad, good: good) { $0.flatMap(check) }
  }

  var testDescription: String { name }

  static let all = shape + safety + imports + names
}

extension SourceFile {
  /// `path:line` of each line of `lines` in which `isBad` finds something.
  func places(
    in lines: [Substring], where isBad: (Substring) -> Bool
  ) -> [String] {
    lines.enumerated().compactMap { isBad($0.element) ? "\(path):\($0.offset + 1)" : nil }
  }
}

extension Substring {
  /// Whether one of `words` occurs: a regular expression costs a hundred times as much, so each
  /// rule asks this first.
  func mentions(_ words: String...) -> Bool {
    words.contains { word in
      var rest = utf8[...]
      guard let first = word.utf8.first else { return true }
      while let start = rest.firstIndex(of: first) {
        rest = rest[start...]
        if rest.starts(with: word.utf8) { return true }
        rest = rest.dropFirst()
      }
      return false
    }
  }
}
