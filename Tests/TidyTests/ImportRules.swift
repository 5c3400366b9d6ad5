extension Rule {
  /// What the platform gives to every target but the pure ones.
  private static let platform: Set<String> = ["Synchronization", "Dispatch", "Glibc"]

  /// Which modules a target may import: the module graph of the Architecture chapter.
  static let graph: [String: Set<String>] = [
    "ObjectStorage": ["CChecksum"],
    "MediaFSCore": ["ObjectStorage", "SystemPackage"],
    "PosixIO": platform.union(["CLinux", "SystemPackage"]),
    "MediaFSCatalog": platform.union([
      "MediaFSCore", "ObjectStorage", "PosixIO", "CSQLite", "SystemPackage",
    ]),
    "MediaFSCache": platform.union(["MediaFSCore", "PosixIO", "CChecksum", "SystemPackage"]),
    "S3Client": platform.union(["ObjectStorage", "CCrypto"]),
    "CurlHTTP": platform.union(["S3Client", "ObjectStorage", "CCurl", "CLinux"]),
    "MediaFSEngine": platform.union([
      "MediaFSCore", "MediaFSCatalog", "MediaFSCache", "ObjectStorage", "PosixIO", "Logging",
      "SystemPackage",
    ]),
    "FuseServer": platform.union([
      "MediaFSEngine", "MediaFSCore", "ObjectStorage", "PosixIO", "CFuse3", "CLinux",
      "Logging", "SystemPackage",
    ]),
    "MediaFSControl": platform.union([
      "MediaFSEngine", "MediaFSCore", "PosixIO", "Logging", "SystemPackage", "FoundationEssentials",
    ]),
    "mediafs": platform.union([
      "FuseServer", "MediaFSControl", "CurlHTTP", "S3Client", "MediaFSEngine", "MediaFSCore",
      "ObjectStorage", "PosixIO", "ArgumentParser", "Logging", "SystemPackage", "TOMLKit",
      "FoundationEssentials",
    ]),
  ]

  static let imports = [
    Rule(
      "a target imports what the module graph allows it",
      bad: [
        Example("import S3Client\n", at: "Sources/FuseServer/A.swift"),
        Example("package import CCurl\n", at: "Sources/S3Client/A.swift"),
        Example("import Foundation\n", at: "Sources/MediaFSCore/A.swift"),
        Example("import struct TOMLKit.TOMLTable\n", at: "Sources/MediaFSEngine/A.swift"),
        Example("let a = 1\n", at: "Sources/Unheard/A.swift"),
      ],
      good: [
        Example("package import MediaFSCore\n", at: "Sources/MediaFSEngine/A.swift"),
        Example("// import TOMLKit\nimport ObjectStorage\n", at: "Sources/MediaFSCore/A.swift"),
      ],
      eachFile: importViolations),
    Rule(
      "Swift Testing is the only test library",
      bad: [Example("import XCTest\n", at: "Tests/A/B.swift")],
      good: [Example("import Testing\n", at: "Tests/A/B.swift")],
      eachFile: { file in
        file.places(in: file.codeLines) { imported(by: $0) == "XCTest" }
      }),
  ]

  private static func importViolations(_ file: SourceFile) -> [String] {
    guard file.path.hasPrefix("Sources/"), file.target != "MediaFSTesting" else { return [] }
    guard let allowed = graph[file.target] else {
      return ["\(file.path): the target \(file.target) is not in the module graph"]
    }
    return file.codeLines.enumerated().compactMap { number, line in
      guard let module = imported(by: line), !allowed.contains(module) else { return nil }
      return "\(file.path):\(number + 1): \(file.target) may not import \(module)"
    }
  }

  /// The module that a line imports, as in `package import struct TOMLKit.TOMLTable`.
  private static func imported(by line: Substring) -> String? {
    guard line.mentions("import") else { return nil }
    let words = line.split(separator: " ")
    guard let keyword = words.firstIndex(of: "import"), let last = words.last,
      words[keyword...].count <= 3, words[keyword...].count > 1
    else { return nil }
    return String(last.prefix { $0 != "." })
  }
}
