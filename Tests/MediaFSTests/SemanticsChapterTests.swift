import MediaFSTesting
import Testing

@testable import mediafs

/// The Semantics chapter is executed: every paragraph has a test on a real mount, and every test
/// that claims a paragraph names one that exists.
@Suite struct SemanticsChapterTests {
  @Test func everyParagraphIsExecuted() throws {
    let marks = try ExecutionMark.project()
    let idle = try Chapter.semantics().paragraphs.filter { paragraph in
      !marks.contains { $0.names(paragraph) }
    }
    #expect(idle.isEmpty, "no test executes:\n\(idle.map(\.description).joined(separator: "\n"))")
  }

  @Test func everyMarkNamesOneParagraph() throws {
    let paragraphs = try Chapter.semantics().paragraphs
    for mark in try ExecutionMark.project() {
      let count = paragraphs.count(where: { mark.names($0) })
      #expect(count == 1, "\(mark) names \(count) paragraphs")
    }
  }

  @Test func aChapterIsTakenApart() {
    let chapter = Chapter(
      """
      # Title

      What it is about, which promises nothing.

      ## First

      A paragraph
      of two lines.

      Of these:

      - one item
        with a second line
      - another

      ```sh
      # no promise
      ```

      ## Second

      | when | what |
      |---|---|
      | now | this |
      """)
    #expect(
      chapter.paragraphs.map(\.description) == [
        "First: A paragraph of two lines.", "First: one item with a second line",
        "First: another", "Second: now | this",
      ])
  }

  @Test func marksAreReadWhereverTheyBreak() {
    let marks = ExecutionMark.all(
      in: """
        @Test(.executes("First", "A para"), .executes(
          "Second", "now"))
        // @Test(.executes("First", "of a comment"))
        """)
    #expect(
      marks == [
        ExecutionMark(heading: "First", opening: "A para"),
        ExecutionMark(heading: "Second", opening: "now"),
      ])
  }
}

/// A chapter of the documentation, as far as it makes promises.
struct Chapter {
  struct Paragraph: CustomStringConvertible {
    let heading: String
    let text: String

    var description: String { "\(heading): \(text)" }
  }

  /// What the suites of others found is a report, and no promise.
  private static let reports = "Conformance suites"

  private(set) var paragraphs: [Paragraph] = []
  private var heading: String?

  static func semantics() throws -> Chapter {
    let path = "/Sources/mediafs/Documentation.docc/Semantics.md"
    return Chapter(try TextFile.read(TestEnvironment.root + path, limit: 1 << 20).text)
  }

  /// What stands before the first heading of a section says what the chapter is about.
  init(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var isCode = false
    for block in lines.split(whereSeparator: \.isEmpty) {
      guard let first = block.first else { continue }
      if first.hasPrefix("```") { isCode.toggle() }
      defer { if block.count > 1, block.last == "```" { isCode.toggle() } }
      if isCode || first.hasPrefix("# ") { continue }
      if first.hasPrefix("##") {
        heading = String(first.drop { $0 == "#" }.dropFirst())
      } else if first.hasPrefix("|") {
        block.dropFirst(2).forEach { add(row: $0) }
      } else {
        add(prose: Array(block))
      }
    }
  }

  private mutating func add(row: String) {
    let cells = row.split(separator: "|").map { $0.drop { $0 == " " } }
    add(cells.map { $0.hasSuffix(" ") ? $0.dropLast() : $0 }.joined(separator: " | "))
  }

  /// One paragraph, or the items of a list; each may have several lines.
  private mutating func add(prose lines: [String]) {
    var texts: [String] = []
    for line in lines {
      if line.hasPrefix("- ") {
        texts.append(String(line.dropFirst(2)))
      } else if let last = texts.popLast() {
        texts.append(last + " " + line.drop { $0 == " " })
      } else {
        texts.append(line)
      }
    }
    texts.forEach { add($0) }
  }

  /// What ends with a colon introduces what follows.
  private mutating func add(_ text: String) {
    guard let heading, heading != Self.reports, !text.hasSuffix(":") else { return }
    paragraphs.append(Paragraph(heading: heading, text: text))
  }
}

/// A test's claim to execute a paragraph, as it stands in its source.
struct ExecutionMark: Hashable, CustomStringConvertible {
  let heading: String
  let opening: String

  var description: String { "“\(opening)” of “\(heading)”" }

  /// By their bytes, as the chapter has them.
  func names(_ paragraph: Chapter.Paragraph) -> Bool {
    paragraph.heading.utf8.elementsEqual(heading.utf8)
      && paragraph.text.utf8.starts(with: opening.utf8)
  }

  /// All marks of the mount tests.
  static func project() throws -> [ExecutionMark] {
    try TestSources.all(in: "MountTests").flatMap { all(in: $0) }
  }

  static func all(in source: String) -> [ExecutionMark] {
    let mark = #/\.executes\(\s*"([^"]*)",\s*"([^"]*)"\s*\)/#
    let code = source.split(separator: "\n").filter { line in
      !line.drop { $0 == " " }.hasPrefix("//")
    }.joined(separator: "\n")
    return code.matches(of: mark).map {
      ExecutionMark(heading: String($0.output.1), opening: String($0.output.2))
    }
  }
}
