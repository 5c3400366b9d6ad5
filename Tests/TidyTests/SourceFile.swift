import FoundationEssentials

/// A file of the project, with its text split into what the compiler reads and what people read.
struct SourceFile: Sendable {
  /// From the root of the project, such as `Sources/PosixIO/Descriptor.swift`.
  let path: String
  let text: String
  /// The text with comments and the insides of string literals blanked out, lines kept.
  let code: String
  /// The text with everything but comments blanked out, lines kept.
  let comments: String
  let lines: [Substring]
  let codeLines: [Substring]
  let commentLines: [Substring]

  init(path: String, text: String) {
    self.path = path
    self.text = text
    var masking = Masking(text)
    (code, comments) = masking.run()
    lines = Self.lines(of: text)
    codeLines = Self.lines(of: code)
    commentLines = Self.lines(of: comments)
  }

  var isTest: Bool { path.hasPrefix("Tests/") }

  /// The name of the target that the file belongs to, or the file's own name at the root.
  var target: String {
    let parts = path.split(separator: "/")
    return String(parts.count > 2 ? parts[1] : parts.last ?? "")
  }

  var name: String { String(path.split(separator: "/").last ?? "") }

  /// The last line feed ends the last line and begins no other.
  private static func lines(of text: String) -> [Substring] {
    let lineFeed = UInt8(ascii: "\n")
    var lines = text.utf8.split(separator: lineFeed, omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { Substring($0) }
  }
}

extension SourceFile {
  /// The directory that holds `Package.swift`.
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every Swift file of the project, read once.
  static let project = Result { try readProject() }

  private static func readProject() throws -> [SourceFile] {
    var files = [try read("Package.swift")]
    for directory in ["Sources", "Tests"] {
      let below = try FileManager.default.subpathsOfDirectory(
        atPath: root.appending(path: directory).path)
      for path in below.sorted() where path.hasSuffix(".swift") {
        files.append(try read("\(directory)/\(path)"))
      }
    }
    return files
  }

  /// One file of the project, of any kind.
  static func read(_ path: String) throws -> SourceFile {
    let data = try Data(contentsOf: root.appending(path: path))
    return SourceFile(path: path, text: String(decoding: data, as: UTF8.self))
  }
}
