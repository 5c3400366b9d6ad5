/// Reads the text behind `-o`: `name`, `name=value`, with commas between them.
///
/// A comma or backslash that belongs to a value is written `\,` or `\\`, as for every FUSE
/// filesystem.
enum OptionList {
  static func parse(_ text: String) -> [(name: String, value: String?)] {
    fields(text).filter { !$0.isEmpty }.map(unescaped).map { field in
      guard let equals = field.firstIndex(of: "=") else { return (field, nil) }
      return (String(field[..<equals]), String(field[field.index(after: equals)...]))
    }
  }

  /// What is between the commas, backslashes included.
  static func fields(_ text: String) -> [String] {
    var fields = [""]
    var isEscaped = false
    for character in text {
      if character == ",", !isEscaped {
        fields.append("")
      } else {
        fields[fields.count - 1].append(character)
      }
      isEscaped = character == "\\" && !isEscaped
    }
    return fields
  }

  static func unescaped(_ field: String) -> String {
    var result = ""
    var isEscaped = false
    for character in field {
      if character == "\\", !isEscaped {
        isEscaped = true
      } else {
        result.append(character)
        isEscaped = false
      }
    }
    return result
  }
}
