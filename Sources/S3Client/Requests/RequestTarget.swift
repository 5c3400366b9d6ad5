/// Where a request goes: the parts of its URL, path and query encoded once.
struct RequestTarget: Sendable, Hashable {
  let scheme: String
  /// With the port unless it is the scheme's own, as in the `Host` header.
  let host: String
  /// Percent-encoded, beginning with "/".
  let path: String
  var query: [QueryItem]

  var url: String {
    let query = query.map(\.encoded).joined(separator: "&")
    return "\(scheme)://\(host)\(path)" + (query.isEmpty ? "" : "?\(query)")
  }

  /// Sorted by encoded name and value, and with "=" behind every name.
  var canonicalQuery: String {
    query.map(\.canonical)
      .sorted { left, right in
        (left.name, left.value) < (right.name, right.value)
      }
      .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
  }
}

/// A parameter of a query, not yet encoded.
struct QueryItem: Sendable, Hashable {
  let name: String
  /// `nil` for a subresource such as `?uploads`, which some stores only know without "=".
  let value: String?

  init(_ name: String, _ value: String? = nil) {
    self.name = name
    self.value = value
  }

  fileprivate var encoded: String {
    let name = PercentEncoding.encode(name)
    return value.map { "\(name)=\(PercentEncoding.encode($0))" } ?? name
  }

  /// Pure ASCII, so that `String` compares by bytes.
  fileprivate var canonical: (name: String, value: String) {
    (PercentEncoding.encode(name), PercentEncoding.encode(value ?? ""))
  }
}
