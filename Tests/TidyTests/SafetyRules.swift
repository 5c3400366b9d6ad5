extension Rule {
  static let uncheckedLimit = 4

  static let safety = [
    Rule(
      "nothing traps on purpose: no force unwrap, no try!, no as!, no implicit unwrapping",
      bad: [
        Example("let a = b!\n"), Example("let a = c()!.d\n"), Example("try! a()\n"),
        Example("let a = b as! C\n"), Example("var a: Int!\n"), Example("let a = \"x\"!\n"),
      ],
      good: [
        Example("if !a, a != b { print(\"no!\") }  // not!\n"),
        Example("let a = b\n  && !c\n"),
      ],
      eachFile: { file in
        file.places(in: file.codeLines) {
          $0.mentions("!") && $0.contains(/[\p{L}\p{N}_)\]}\x22?][!](?!=)/)
        }
      }),
    Rule(
      "no nonisolated(unsafe)",
      bad: [Example("nonisolated(unsafe) var a = 1\n")],
      good: [Example("// nonisolated(unsafe)\nnonisolated let a = 1\n")],
      eachFile: { file in
        file.places(in: file.codeLines) {
          $0.mentions("nonisolated") && $0.contains(/nonisolated\s*\(\s*unsafe/)
        }
      }),
    Rule(
      "@unchecked Sendable in \(uncheckedLimit) files at most, each with a SAFETY paragraph",
      bad: [Example("final class A: @unchecked Sendable {}\n")],
      good: [Example("// SAFETY: immutable.\nfinal class A: @unchecked Sendable {}\n")],
      violations: { files in
        let unchecked = files.filter { file in
          file.codeLines.contains {
            $0.mentions("@unchecked") && $0.contains(/@unchecked\s+Sendable/)
          }
        }
        let unexplained = files.flatMap(uncheckedWithoutSafety)
        return unexplained + (unchecked.count > uncheckedLimit ? unchecked.map(\.path) : [])
      }),
    Rule(
      "no sleep stands in for an event in a test",
      bad: [
        Example("try await Task.sleep(for: .seconds(1))\n", at: "Tests/A/B.swift"),
        Example("usleep(1)\n", at: "Tests/A/B.swift"),
        Example("Thread.sleep(forTimeInterval: 1)\n", at: "Tests/A/B.swift"),
        Example("sleep(1)\n", at: "Sources/MediaFSTesting/B.swift"),
      ],
      good: [Example("// Task.sleep\nlet sleeper = 1\n", at: "Tests/A/B.swift")],
      eachFile: { file in
        guard file.isTest || file.target == "MediaFSTesting" else { return [] }
        return file.places(in: file.codeLines) {
          $0.mentions("sleep") && $0.contains(/(^|[^\p{L}\p{N}_])(nano|u)?sleep\s*\(/)
        }
      }),
    Rule(
      "no test is switched off",
      bad: [
        Example("@Test(.disabled()) func a() {}\n", at: "Tests/A/B.swift"),
        Example("withKnownIssue { a() }\n", at: "Tests/A/B.swift"),
        Example("@Test(.enabled(if: x)) func a() {}\n", at: "Tests/A/B.swift"),
      ],
      good: [Example("@Test func disabledAccountsAreRefused() {}\n", at: "Tests/A/B.swift")],
      eachFile: { file in
        guard file.isTest else { return [] }
        return file.places(in: file.codeLines) {
          $0.contains(/\.disabled\(|\.enabled\(if|with[K]nownIssue|XCT[S]kip/)
        }
      }),
    Rule(
      "the engine starts tasks through its Environment only",
      bad: [
        Example("Task { await a() }\n"), Example("Task.detached { await a() }\n"),
        Example("let b = Task(priority: .low) { await a() }\n"),
      ],
      good: [
        Example("environment.start(\"uploader\") { await a() }\nTask.isCancelled\n"),
        Example("Task { await a() }\n", at: "Sources/MediaFSEngine/Environment.swift"),
      ],
      eachFile: { file in
        guard file.path.hasPrefix("Sources/MediaFSEngine/"), !file.name.hasPrefix("Environment")
        else { return [] }
        return file.places(in: file.codeLines) {
          $0.mentions("Task") && $0.contains(/\bTask(<[^>]*>)?(\.(detached|immediate\w*))?\s*[({]/)
        }
      }),
  ]

  /// How far above the conformance the paragraph may stand, in lines.
  private static let safetyDistance = 12

  private static func uncheckedWithoutSafety(_ file: SourceFile) -> [String] {
    let comments = file.commentLines
    return file.codeLines.indices.compactMap { index in
      let line = file.codeLines[index]
      guard line.mentions("@unchecked"), line.contains(/@unchecked\s+Sendable/) else { return nil }
      let above = comments[max(0, index - safetyDistance)...index]
      return above.contains { $0.contains("SAFETY:") } ? nil : "\(file.path):\(index + 1)"
    }
  }
}
