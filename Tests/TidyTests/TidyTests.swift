import FoundationEssentials
import Testing

/// The code's own shape, held by a test from the first day.
@Suite struct TidyTests {
  @Test(arguments: Rule.all)
  func theProjectKeeps(_ rule: Rule) throws {
    let violations = rule.violations(try SourceFile.project.get())
    #expect(violations.isEmpty, "\(rule.name):\n\(violations.joined(separator: "\n"))")
  }

  @Test(arguments: Rule.all)
  func isReportedWhenBroken(_ rule: Rule) {
    for example in rule.bad {
      let file = SourceFile(path: example.path, text: example.text)
      #expect(!rule.violations([file]).isEmpty, "not reported: \(example.text)")
    }
  }

  @Test(arguments: Rule.all)
  func isNotReportedWhenKept(_ rule: Rule) {
    for example in rule.good {
      let file = SourceFile(path: example.path, text: example.text)
      #expect(rule.violations([file]) == [], "reported: \(example.text)")
    }
  }

  @Test func theReadmeIsShortAndOpensWithTheTwoCommands() throws {
    let readme = try SourceFile.read("README.md")
    #expect(readme.lines.count <= 150)
    let opening = readme.lines.prefix(20).joined(separator: "\n")
    #expect(opening.contains("make quickstart") && opening.contains("make test"))
  }

  @Test(arguments: ["LICENSE", "CHANGELOG.md", ".ci/run", "Makefile"])
  func theHouseHas(_ path: String) throws {
    #expect(try !SourceFile.read(path).text.isEmpty)
  }

  @Test func continuousIntegrationCallsMakeTestAndNothingElse() throws {
    let script = try SourceFile.read(".ci/run")
    let commands = script.lines.filter { !$0.hasPrefix("#") && !$0.isEmpty }
    #expect(commands.last == "make test" && commands.count == 3, "\(commands)")
  }
}

/// Comments and strings must not be taken for code, nor code for them.
@Suite struct MaskingTests {
  @Test(arguments: [
    ("a // b", "a     "),
    ("a /* b /* c */ d */ e", "a                   e"),
    (#"f("x // y") // z"#, #"f("      ")     "#),
    (#"f("a\"b!") + c"#, #"f("     ") + c"#),
    ("f(\"\\(g(\"x\")!)\") + c", "f(\"          \") + c"),
    ("#\"a\"b\"# + c", "#\"   \"# + c"),
    ("\"\"\"\na \" b\n\"\"\" + c", "\"\"\"\n     \n\"\"\" + c"),
  ])
  func codeIsKeptInPlace(_ text: String, _ code: String) {
    #expect(SourceFile(path: "a.swift", text: text).code == code)
  }

  @Test func commentsAreKeptInPlace() {
    let file = SourceFile(path: "a.swift", text: "a // b\n/* c\n */ d")
    #expect(file.comments == "  // b\n/* c\n */  ")
  }
}
