/// The format of the shared credentials file: sections in brackets, `name = value` lines,
/// comments behind `#` or `;` at the start of a line.
/// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
enum CredentialsProfile {
  /// The settings of a profile; `nil` when the file has no such section. A section that is
  /// there twice is merged, the later value winning.
  static func settings(_ profile: String, in text: String) -> [String: String]? {
    var settings: [String: String]?
    var isInside = false
    for line in text.utf8.split(whereSeparator: { $0 == 0xA || $0 == 0xD }) {
      let line = trimmed(line)
      guard let first = line.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else {
        continue
      }
      if first == UInt8(ascii: "[") {
        isInside = sectionName(line).elementsEqual(profile.utf8)
        if isInside { settings = settings ?? [:] }
      } else if isInside, let equals = line.firstIndex(of: UInt8(ascii: "=")) {
        let name = String(Substring(trimmed(line[..<equals]))).lowercased()
        settings?[name] = String(Substring(trimmed(line[line.index(after: equals)...])))
      }
    }
    return settings
  }

  private static func sectionName(_ line: Substring.UTF8View) -> Substring.UTF8View {
    trimmed(line.dropFirst().prefix { $0 != UInt8(ascii: "]") })
  }

  private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
    var text = text.drop(while: XMLText.isSpace)
    while let last = text.last, XMLText.isSpace(last) { text = text.dropLast() }
    return text
  }
}
