import S3Client

extension ValueType where Value == String {
  /// A word without spaces or control characters, which would break a header or a signature.
  static let name = ValueType(
    allowed: "a name without spaces",
    parse: { text in
      let isName = text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
      return text.isEmpty || !isName ? nil : text
    },
    format: { $0 })

  /// What `S3Endpoint` takes: `http://` or `https://`, a host, and maybe a port and a path.
  static let endpoint = ValueType(
    allowed: "http://HOST[:PORT][/PATH] or https://…, without user and password",
    parse: { S3Endpoint($0)?.description }, format: { $0 })
}

extension ValueType where Value == Int64? {
  /// What S3 takes as a part, or `auto`.
  static let partSize: ValueType = {
    let size = ValueType<Int64>.size((5 << 20)...(5 << 30))
    return ValueType(
      allowed: "\(size.allowed), or auto",
      parse: { text in
        if text == "auto" { return .some(nil) }
        return size.parse(text).map { .some($0) }
      },
      format: { $0.map(size.format) ?? "auto" })
  }()
}
