extension String {
  /// What follows `prefix`, compared by bytes; `nil` when it is not there.
  func removing(prefix: String) -> String? {
    guard utf8.starts(with: prefix.utf8) else { return nil }
    return String(Substring(utf8.dropFirst(prefix.utf8.count)))
  }

  /// What precedes `suffix`, compared by bytes; `nil` when it is not there.
  func removing(suffix: String) -> String? {
    let length = suffix.utf8.count
    guard utf8.count >= length, utf8.suffix(length).elementsEqual(suffix.utf8) else { return nil }
    return String(Substring(utf8.dropLast(length)))
  }
}
