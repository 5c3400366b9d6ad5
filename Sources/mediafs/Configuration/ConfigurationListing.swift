/// A configuration for people and scripts, without passwords.
struct ConfigurationListing {
  private struct Line {
    let name: String
    let value: String
    let origin: String
  }

  private let lines: [Line]

  init(_ configuration: Configuration) {
    lines = ConfigurationTable.keys.map { key in
      let value = key.value(in: configuration.settings)
      return Line(
        name: key.name, value: key.isConfidential ? Confidential.masked(value) : value,
        origin: configuration.origin(of: key).description)
    }
  }

  /// `name = value  # origin`, in columns.
  var text: String {
    let names = lines.map(\.name.count).max() ?? 0
    let values = lines.map(\.value.count).max() ?? 0
    return lines.map { line in
      "\(Self.padded(line.name, names)) = \(Self.padded(line.value, values))  # \(line.origin)\n"
    }.joined()
  }

  var json: String {
    let members = lines.map { line in
      let value = "\"value\": \(JSONText.quoted(line.value))"
      let origin = "\"origin\": \(JSONText.quoted(line.origin))"
      return "  \(JSONText.quoted(line.name)): {\(value), \(origin)}"
    }
    return "{\n\(members.joined(separator: ",\n"))\n}\n"
  }

  /// All there is to say of a key, in a few lines.
  static func describe(_ key: ConfigurationKey) -> String {
    var text = "\(key.name)\(key.defaultValue.isEmpty ? "" : " = \(key.defaultValue)")\n"
    text += "    \(key.help)\n    Allowed: \(key.allowed).\n"
    text += "    Environment: \(([key.variable] + key.aliases).joined(separator: ", "))\n"
    if case .live(let command) = key.change { text += "    Without a remount: \(command)\n" }
    return text
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
