import ObjectStorage

/// What is mounted: a place that holds objects, and the part of it that is shown.
///
/// Written as `s3://BUCKET[/NAMESPACE]` or `file:///DIRECTORY`. Nothing in either is
/// percent-decoded: a key may hold any character, and what is written is what is used. All of a
/// `file://` path is the directory of the embedded store, because nothing tells where a directory
/// ends and a namespace begins; there the `namespace` or `prefix` option makes the key prefix, as
/// it may for `s3://`.
package struct Source: Sendable {
  package enum Place: Hashable, Sendable {
    case bucket(String)
    /// An absolute path without a slash at its end.
    case directory(String)
  }

  package let place: Place
  /// What every key begins with: empty, `NAMESPACE/`, or the literal `prefix`.
  package let keyPrefix: String

  /// - Parameters:
  ///   - namespace: its keys lie beneath `NAMESPACE/`.
  ///   - prefix: put before every path as it is, with no slash added (Synapse's `prefix`).
  package init(
    parsing text: String, namespace: String? = nil, prefix: String? = nil
  ) throws(SourceError) {
    let written: String?
    if let rest = text.removing(prefix: "s3://") {
      let (bucket, path) = Self.splitAtSlash(rest)
      place = .bucket(try BucketName.validate(bucket))
      written = path.isEmpty ? nil : path
    } else if let path = text.removing(prefix: "file://") {
      place = .directory(try Self.directory(path))
      written = nil
    } else {
      throw SourceError(
        .source, text, "is of no known kind",
        cure: "write s3://BUCKET[/NAMESPACE] or file:///DIRECTORY")
    }
    keyPrefix = try Self.keyPrefix(written: written, namespace: namespace, prefix: prefix)
  }

  /// The source as one line without secrets: a source holds none.
  package var description: String {
    switch place {
    case .bucket(let name): "s3://\(name)/\(keyPrefix)"
    case .directory(let path): "file://\(path)" + (keyPrefix.isEmpty ? "" : " (\(keyPrefix))")
    }
  }
}

// MARK: - Key prefix

extension Source {
  /// The longest key prefix, in bytes: any name of one component must fit behind it.
  package static let maximumPrefixLength = ObjectKey.maximumLength - FileName.maximumLength

  private static func keyPrefix(
    written: String?, namespace: String?, prefix: String?
  ) throws(SourceError) -> String {
    let namespace = namespace.flatMap { $0.isEmpty ? nil : $0 }
    if let written, let namespace {
      throw SourceError(
        .namespace, namespace, "is given although the source names \(written.debugDescription)",
        cure: "name the namespace once, in the source or as option")
    }
    let chosen = written ?? namespace
    guard let prefix, !prefix.isEmpty else {
      guard let chosen else { return "" }
      let name = chosen.removing(suffix: "/") ?? chosen
      try validate(.namespace, name)
      return name + "/"
    }
    if let chosen {
      throw SourceError(
        .prefix, prefix, "is given beside the namespace \(chosen.debugDescription)",
        cure: "use one of them: a namespace ends in a slash, a prefix is taken literally")
    }
    // The slash that a prefix may end with closes its last segment; it is not an empty one.
    try validate(.prefix, prefix.removing(suffix: "/") ?? prefix)
    return prefix
  }

  private static func validate(
    _ part: SourceError.Part, _ text: String
  ) throws(SourceError) {
    try validateSegments(part, text[...])
    // The slash that follows a namespace counts.
    if text.utf8.count >= maximumPrefixLength {
      throw SourceError(
        part, text, "has \(text.utf8.count) bytes, and a key at most \(ObjectKey.maximumLength)",
        cure: "use at most \(maximumPrefixLength - 1) bytes")
    }
  }

  private static func validateSegments(
    _ part: SourceError.Part, _ text: Substring
  ) throws(SourceError) {
    func refuse(_ cause: String, _ cure: String) -> SourceError {
      SourceError(part, String(text), cause, cure: cure)
    }
    if text.unicodeScalars.contains(where: \.isControl) {
      throw refuse("has a control character", "remove it")
    }
    let segments = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    if segments.count > 1, segments[0].isEmpty {
      throw refuse("begins with a slash", "remove the slash")
    }
    if segments.contains(where: \.isEmpty) {
      throw refuse("has an empty segment", "use single slashes between non-empty names")
    }
    if segments.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }) {
      throw refuse("has a segment \".\" or \"..\"", "write the path out")
    }
  }
}

// MARK: - Directory

extension Source {
  private static func directory(_ path: String) throws(SourceError) -> String {
    guard path.utf8.first == UInt8(ascii: "/") else {
      throw SourceError(
        .directory, path, "is not absolute", cure: "write file:/// and the path from the root")
    }
    let inner = path.utf8.dropFirst()
    let trimmed = inner.last == UInt8(ascii: "/") ? inner.dropLast() : inner
    guard !trimmed.isEmpty else {
      throw SourceError(
        .directory, path, "is the root of this machine", cure: "name a directory for the store")
    }
    try validateSegments(.directory, Substring(trimmed))
    return "/" + String(Substring(trimmed))
  }

  private static func splitAtSlash(_ text: String) -> (head: String, tail: String) {
    guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return (text, "") }
    let tail = text.utf8[text.utf8.index(after: slash)...]
    return (String(text[..<slash]), String(Substring(tail)))
  }
}

extension Unicode.Scalar {
  /// C0, DEL and C1.
  fileprivate var isControl: Bool {
    properties.generalCategory == .control
  }
}
