extension Rule {
  static let fileLimit = 400
  static let medianLimit = 150
  static let functionLimit = 70
  static let lineLimit = 100

  static let shape = [
    Rule(
      "a file has at most \(fileLimit) lines",
      bad: [Example(String(repeating: "let a = 1\n", count: fileLimit + 1))],
      good: [Example(String(repeating: "let a = 1\n", count: fileLimit))],
      eachFile: { file in
        let count = file.lines.count
        return count > fileLimit ? ["\(file.path): \(count) lines"] : []
      }),
    Rule(
      "half of all files have at most \(medianLimit) lines",
      bad: [Example(String(repeating: "let a = 1\n", count: medianLimit + 1))],
      good: [Example(String(repeating: "let a = 1\n", count: medianLimit))],
      violations: { files in
        let counts = files.map(\.lines.count).sorted()
        guard !counts.isEmpty else { return [] }
        let median = counts[counts.count / 2]
        return median > medianLimit ? ["the median is \(median) lines"] : []
      }),
    Rule(
      "a function has at most \(functionLimit) lines",
      bad: [
        Example(function(lines: functionLimit + 1)),
        Example("struct S {\n  init()\n  {\n" + body(functionLimit) + "  }\n}\n"),
        Example("protocol P {\n  func a()\n}\n" + function(lines: functionLimit + 1)),
      ],
      good: [
        Example(function(lines: functionLimit)),
        Example("protocol P {\n  func a()\n  func b() -> Int\n}\nenum E {\n" + body(80) + "}\n"),
      ],
      eachFile: { file in
        FunctionSpan.all(in: file.codeLines)
          .filter { $0.lineCount > functionLimit }
          .map { "\(file.path):\($0.firstLine + 1): \($0.lineCount) lines" }
      }),
    Rule(
      "a line has at most \(lineLimit) columns and no tabulator",
      bad: [
        Example("// " + String(repeating: "x", count: lineLimit)), Example("\tlet a = 1"),
      ],
      good: [Example(String(repeating: "é", count: lineLimit))],
      eachFile: { file in
        file.places(in: file.lines) { line in
          (line.utf8.count > lineLimit && line.count > lineLimit)
            || line.utf8.contains(UInt8(ascii: "\t"))
        }
      }),
  ]

  private static func body(_ count: Int) -> String {
    String(repeating: "    print(1)\n", count: count)
  }

  private static func function(lines: Int) -> String {
    "func a(\n  b: Int = { 1 }()\n) async throws -> Int {\n" + body(lines - 4) + "}\n"
  }
}
