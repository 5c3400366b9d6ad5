extension Rule {
  static let names = [
    Rule(
      "no type and no file is a drawer: Manager, Helper, Utils, Common",
      bad: [
        Example("struct CacheManager {}\n"), Example("package final class PathHelper {}\n"),
        Example("let a = 1\n", at: "Sources/PosixIO/FileUtils.swift"),
        Example("let a = 1\n", at: "Sources/PosixIO/Extensions.swift"),
      ],
      good: [Example("struct CommonPrefix {}\n// A CacheManager\n")],
      eachFile: { file in

        let types = file.places(in: file.codeLines) { line in
          declaredType(in: line).map(isDrawer) ?? false
        }
        let stem = file.name.prefix { $0 != "." }
        return types + (isDrawer(stem) ? [file.path] : [])
      }),
    Rule(
      "nothing is left open: no TODO, no FIXME",
      bad: [
        Example("// TODO: later\n"), Example("/* FIXME */\n"),
        Example("fatalError(\"not implemented\")\n"),
      ],
      good: [Example("let a = \"TODO\"\n// A todo list\n")],
      eachFile: { file in
        file.places(in: file.commentLines) {
          $0.mentions("TODO", "FIXME", "XXX") && $0.contains(/\b(TODO|FIXME|XXX)\b/)
        }
          + file.places(in: file.codeLines) {
            $0.mentions("fatalError") && $0.contains(/\bfatalError\(/)
          }
      }),
  ]

  /// The name that follows the first keyword of a type.
  private static func declaredType(in line: Substring) -> Substring? {
    let keywords: Set<Substring> = ["class", "struct", "enum", "actor", "protocol", "typealias"]
    let words = line.split(separator: " ")
    guard let keyword = words.firstIndex(where: keywords.contains) else { return nil }
    return words.dropFirst(keyword + 1).first?.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
  }

  private static func isDrawer(_ name: Substring) -> Bool {
    ["Manager", "Helper", "Helpers", "Utils", "Util", "Common", "Misc", "Extensions"]
      .contains { name.hasSuffix($0) }
  }
}
