import MediaFSCore
import PosixIO
import SystemPackage
import TOMLKit

/// A TOML file, as assignments: `[upload] delay = "5s"` gives `upload.delay`.
struct ConfigurationFile: Sendable {
  /// Larger files are refused: no configuration needs it, and a device would never end.
  private static let maximumSize = 1 << 20

  let path: String
  let assignments: [Assignment]
  /// Somebody besides the owner may read it.
  let isReadableByOthers: Bool

  init(path: String, assignments: [Assignment], isReadableByOthers: Bool) {
    self.path = path
    self.assignments = assignments
    self.isReadableByOthers = isReadableByOthers
  }

  init(path: String) throws(ConfigurationError) {
    let text: String
    do {
      let file = try TextFile.read(path, limit: Self.maximumSize)
      (text, isReadableByOthers) = (file.text, file.status.isReadableByOthers)
    } catch {
      throw ConfigurationError("cannot read \(path): \(error)")
    }
    self.path = path
    assignments = try Self.assignments(text, path: path)
  }

  /// `nil` when there is no such file, which is fine for a place that nobody has named.
  init?(ifPresent path: String) throws(ConfigurationError) {
    guard (try? FileTree.exists(FilePath(path))) != false else { return nil }
    try self.init(path: path)
  }

  static func assignments(
    _ text: String, path: String
  ) throws(ConfigurationError) -> [Assignment] {
    let table: TOMLTable
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw ConfigurationError(
        "\(path):\(error.source.begin.line): not valid TOML: \(error.description)")
    } catch {
      throw ConfigurationError("\(path): not valid TOML: \(error)")
    }
    var found: [Assignment] = []
    try collect(table, under: "", path: path, lines: TOMLLines(text), into: &found)
    return found
  }

  private static func collect(
    _ table: TOMLTable, under prefix: String, path: String, lines: TOMLLines,
    into found: inout [Assignment]
  ) throws(ConfigurationError) {
    for name in table.keys {
      guard let node = table[name] else { continue }
      let key = prefix + name
      if let inner = node.table {
        try collect(inner, under: key + ".", path: path, lines: lines, into: &found)
        continue
      }
      let origin = Origin.file(path: path, line: lines.line(of: key))
      guard let value = scalar(node) ?? list(node) else {
        throw ConfigurationError("\(key): \(node.type) is not valid (\(origin)); write a string")
      }
      found.append(Assignment(key: key, value: value, origin: origin))
    }
  }

  private static func scalar(_ node: any TOMLValueConvertible) -> String? {
    if let text = node.string { return text }
    if let flag = node.bool { return String(flag) }
    if let number = node.int { return String(number) }
    return nil
  }

  /// An array of strings stands for patterns; keys of other kinds refuse what it gives.
  private static func list(_ node: any TOMLValueConvertible) -> String? {
    guard let array = node.array else { return nil }
    let texts = array.compactMap(\.string)
    return texts.count == array.count ? PatternList.joined(texts) : nil
  }
}
