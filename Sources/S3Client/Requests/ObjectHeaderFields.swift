import ObjectStorage

extension ObjectHeaders {
  private static let metadataPrefix = "x-amz-meta-"

  /// Reads what an answer to GET or HEAD says of the object.
  init(_ fields: HTTPHeaders) {
    var metadata: [String: String] = [:]
    for field in fields.fields where field.name.utf8.starts(with: Self.metadataPrefix.utf8) {
      let name = String(field.name.dropFirst(Self.metadataPrefix.count))
      metadata[name] = MetadataText.decode(field.value)
    }
    self.init(
      contentType: fields["content-type"], contentEncoding: fields["content-encoding"],
      cacheControl: fields["cache-control"], storageClass: fields["x-amz-storage-class"],
      metadata: metadata)
  }

  /// Adds the header fields that make a store keep these headers.
  func write(to fields: inout HTTPHeaders, defaultStorageClass: String?) {
    if let contentType { fields.set("content-type", contentType) }
    if let contentEncoding { fields.set("content-encoding", contentEncoding) }
    if let cacheControl { fields.set("cache-control", cacheControl) }
    if let storageClass = storageClass ?? defaultStorageClass {
      fields.set("x-amz-storage-class", storageClass)
    }
    for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
      fields.set(Self.metadataPrefix + name, MetadataText.encode(value))
    }
  }
}

extension HTTPHeaders {
  mutating func set(_ condition: WriteCondition) {
    switch condition {
    case .none: break
    case .matches(let etag): set("if-match", etag.quoted)
    case .absent: set("if-none-match", "*")
    }
  }
}

extension Range<Int64> {
  /// `bytes=0-9`; the range is not empty.
  var headerText: String { "bytes=\(lowerBound)-\(upperBound - 1)" }
}
