/// The address of an S3 service: `https://HOST[:PORT][/PATH]`.
package struct S3Endpoint: Sendable, Hashable, CustomStringConvertible {
  /// `http` or `https`.
  package let scheme: String
  /// With the port unless it is the scheme's own.
  package let host: String
  /// Empty, or "/…" without a slash at its end.
  package let basePath: String

  package var isEncrypted: Bool { scheme == "https" }
  package var description: String { "\(scheme)://\(host)\(basePath)" }

  /// Amazon's endpoint of a region.
  package init(region: String) {
    scheme = "https"
    basePath = ""
    let domain = region.utf8.starts(with: "cn-".utf8) ? "amazonaws.com.cn" : "amazonaws.com"
    host = "s3.\(region).\(domain)"
  }

  /// `nil` for what is not an HTTP URL, or has a user, a query or a fragment in it.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard let rest = Self.afterScheme(bytes) else { return nil }
    let authority = rest.bytes.prefix { $0 != UInt8(ascii: "/") }
    var path = rest.bytes.dropFirst(authority.count)
    while path.last == UInt8(ascii: "/") { path = path.dropLast() }
    let isPlain = rest.bytes.allSatisfy { byte in
      byte > 0x20 && byte < 0x7F && !"?#@\\\"<>^`{|}".utf8.contains(byte)
    }
    guard isPlain, let host = Self.host(Array(authority), scheme: rest.scheme) else { return nil }
    scheme = rest.scheme
    self.host = host
    basePath = String(decoding: path, as: UTF8.self)
  }

  /// The host without its port.
  var hostName: String {
    let bytes = Array(host.utf8)
    guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")), bytes.last != UInt8(ascii: "]")
    else { return host }
    return String(decoding: bytes[..<colon], as: UTF8.self)
  }

  private static func afterScheme(_ bytes: [UInt8]) -> (scheme: String, bytes: ArraySlice<UInt8>)? {
    for scheme in ["https", "http"] {
      let start = "\(scheme)://".utf8
      let head = String(decoding: bytes.prefix(start.count), as: UTF8.self).lowercased()
      if head.utf8.elementsEqual(start) { return (scheme, bytes[start.count...]) }
    }
    return nil
  }

  private static func host(_ authority: [UInt8], scheme: String) -> String? {
    let text = String(decoding: authority, as: UTF8.self).lowercased()
    let colon = authority.lastIndex(of: UInt8(ascii: ":"))
    let isBracketed = authority.last == UInt8(ascii: "]")
    guard let colon, !isBracketed else { return text.isEmpty ? nil : text }
    let port = String(decoding: authority[(colon + 1)...], as: UTF8.self)
    // Digits only: UInt16 would take a sign.
    guard colon > 0, port.utf8.allSatisfy(\.isASCIIDigit), let number = UInt16(port), number > 0
    else { return nil }
    let isDefault = number == (scheme == "https" ? 443 : 80)
    let name = String(decoding: authority[..<colon], as: UTF8.self).lowercased()
    return isDefault ? name : "\(name):\(number)"
  }
}
