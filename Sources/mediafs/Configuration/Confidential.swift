/// Passwords inside of URLs: `http://user:password@proxy:3128`.
enum Confidential {
  static func hasPassword(_ url: String) -> Bool {
    userInformation(of: url) != nil
  }

  /// The URL with `***` in place of user and password.
  static func masked(_ url: String) -> String {
    guard let range = userInformation(of: url) else { return url }
    return url.replacingCharacters(in: range, with: "***")
  }

  private static func userInformation(of url: String) -> Range<String.Index>? {
    let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
    let end = url[start...].firstIndex(of: "/") ?? url.endIndex
    guard let at = url[start..<end].lastIndex(of: "@") else { return nil }
    return start..<at
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}
