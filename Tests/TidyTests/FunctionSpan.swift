/// The lines of a function, an initialiser or a subscript, from its first word to its last brace.
struct FunctionSpan {
  let firstLine: Int
  let lineCount: Int

  /// All spans in a file whose comments and strings were blanked out.
  static func all(in lines: [Substring]) -> [FunctionSpan] {
    lines.indices.compactMap { index in
      guard beginsFunction(lines[index]) else { return nil }
      return lastLine(of: lines, from: index).map {
        FunctionSpan(firstLine: index, lineCount: $0 - index + 1)
      }
    }
  }

  private static func beginsFunction(_ line: Substring) -> Bool {
    line.mentions("func", "init", "subscript")
      && line.contains(/(^|\s)(func\s+\S|init\s*[?(<]|deinit\b|subscript\s*[(<])/)
      && !line.contains(/[.=]\s*init\b/)
  }

  /// `nil` when there is no body, as in a protocol.
  private static func lastLine(of lines: [Substring], from start: Int) -> Int? {
    var parentheses = 0
    var braces = 0
    for index in start..<lines.count {
      for character in lines[index] {
        switch character {
        case "(", "[": parentheses += 1
        case ")", "]": parentheses -= 1
        case "{" where parentheses == 0: braces += 1
        case "}" where parentheses == 0:
          braces -= 1
          if braces < 0 { return nil }
          if braces == 0 { return index }
        default: break
        }
      }
      let isHeader = braces == 0 && parentheses == 0
      if isHeader, index + 1 < lines.count, !continues(lines[index], with: lines[index + 1]) {
        return nil
      }
    }
    return nil
  }

  /// Whether the head of a function goes on in the next line.
  private static func continues(_ line: Substring, with next: Substring) -> Bool {
    next.contains(/^\s*(\{|->|throws|async|rethrows|where)/) || line.contains(/(->|,|where)\s*$/)
  }
}
