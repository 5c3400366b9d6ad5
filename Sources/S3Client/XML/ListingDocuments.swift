import ObjectStorage

/// The answer to ListObjectsV2.
struct ListBucketResult: Sendable {
  let page: ListPage

  init(_ root: XMLElement) throws(XMLError) {
    try root.requireName("ListBucketResult")
    let names = EncodedNames(root)
    var objects: [ListedObject] = []
    for element in root.all("Contents") {
      objects.append(
        ListedObject(
          key: try names.key(element, "Key"), size: try element.count("Size"),
          etag: ETag(try element.value("ETag")),
          lastModified: try element.date("LastModified")))
    }
    var prefixes: [ObjectKey] = []
    for element in root.all("CommonPrefixes") { prefixes.append(try names.key(element, "Prefix")) }
    let isTruncated = root.flag("IsTruncated")
    page = ListPage(
      objects: objects, commonPrefixes: prefixes,
      continuation: isTruncated ? try root.value("NextContinuationToken") : nil)
  }
}

/// The answer to ListMultipartUploads.
struct ListUploadsResult: Sendable {
  let uploads: [UnfinishedUpload]
  /// Where the next page begins.
  let next: (key: String, upload: String)?

  init(_ root: XMLElement) throws(XMLError) {
    try root.requireName("ListMultipartUploadsResult")
    let names = EncodedNames(root)
    var uploads: [UnfinishedUpload] = []
    for element in root.all("Upload") {
      uploads.append(
        UnfinishedUpload(
          key: try names.key(element, "Key"), upload: UploadID(try element.value("UploadId")),
          initiated: try element.date("Initiated")))
    }
    self.uploads = uploads
    next =
      root.flag("IsTruncated")
      ? (
        key: try names.key(root, "NextKeyMarker").text,
        upload: try root.value("NextUploadIdMarker")
      ) : nil
  }
}

/// The answer to ListParts.
struct ListPartsResult: Sendable {
  let parts: [UploadedPart]
  let nextMarker: String?

  init(_ root: XMLElement) throws(XMLError) {
    try root.requireName("ListPartsResult")
    var parts: [UploadedPart] = []
    for element in root.all("Part") {
      guard let number = Int(exactly: try element.count("PartNumber")) else {
        throw XMLError(.invalidValue, "PartNumber")
      }
      parts.append(
        UploadedPart(
          number: number, etag: ETag(try element.value("ETag")), size: try element.count("Size")))
    }
    self.parts = parts
    nextMarker = root.flag("IsTruncated") ? try root.value("NextPartNumberMarker") : nil
  }
}

/// Names in a listing are percent-encoded when the answer says so; a store that does not know
/// `encoding-type` says nothing and sends them plain.
private struct EncodedNames {
  let isEncoded: Bool

  init(_ root: XMLElement) {
    isEncoded = root.child("EncodingType")?.text.lowercased() == "url"
  }

  func key(_ element: XMLElement, _ name: String) throws(XMLError) -> ObjectKey {
    let text = try element.value(name)
    if !isEncoded { return ObjectKey(text) }
    guard let decoded = PercentEncoding.decode(text, plusIsSpace: true) else {
      throw XMLError(.invalidValue, name)
    }
    return ObjectKey(decoded)
  }
}

extension XMLElement {
  fileprivate func date(_ name: String) throws(XMLError) -> Timestamp {
    guard let time = ListingDate.parse(try value(name)) else {
      throw XMLError(.invalidValue, name)
    }
    return time
  }
}
