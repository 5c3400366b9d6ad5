/// A request in the one form that both sides can derive and hash.
struct CanonicalRequest: Sendable, Hashable {
  /// Names in order, separated by semicolons.
  let signedHeaders: String
  let text: String

  init(_ method: HTTPMethod, _ target: RequestTarget, headers: HTTPHeaders, payload: String) {
    let fields = headers.fields.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    signedHeaders = fields.map(\.name).joined(separator: ";")
    text =
      "\(method.rawValue)\n\(target.path)\n\(target.canonicalQuery)\n"
      + fields.map { "\($0.name):\(Self.trimmed($0.value))\n" }.joined()
      + "\n\(signedHeaders)\n\(payload)"
  }

  /// Without space around, and with one space where there were several.
  private static func trimmed(_ value: String) -> String {
    value.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
      .joined(separator: " ")
  }
}
