package import ObjectStorage

extension S3ObjectStore {
  /// Pages of one enumeration: more than all parts of an upload or a million uploads need.
  /// Without it a store that never says "that was all" would keep us for ever.
  private static let maximumPages = 1_000

  package func listUploads(
    prefix: String
  ) async throws(ObjectStoreError) -> [UnfinishedUpload] {
    var uploads: [UnfinishedUpload] = []
    var marker: [QueryItem] = []
    for _ in 0..<Self.maximumPages {
      let query = [
        QueryItem("uploads"), QueryItem("encoding-type", "url"), QueryItem("prefix", prefix),
      ]
      let request = S3Request(
        operation: .listUploads, method: .get, key: nil, query: query + marker)
      let page = try await channel.perform(request) { answer throws(ObjectStoreError) in
        try await answer.document(limit: XMLReader.Limits().size) {
          root throws(XMLError) in try ListUploadsResult(root)
        }
      }
      // Some stores ignore the prefix; what is outside of it belongs to somebody else.
      uploads += page.uploads.filter { $0.key.hasPrefix(prefix) }
      guard let next = page.next else { return uploads }
      marker = [
        QueryItem("key-marker", next.key), QueryItem("upload-id-marker", next.upload),
      ]
    }
    throw Self.endless("multipart uploads")
  }

  package func listParts(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) -> [UploadedPart] {
    var parts: [UploadedPart] = []
    var marker: [QueryItem] = []
    for _ in 0..<Self.maximumPages {
      let request = S3Request(
        operation: .listParts, method: .get, key: key,
        query: [QueryItem("uploadId", upload.text)] + marker)
      let page = try await channel.perform(request) { answer throws(ObjectStoreError) in
        try await answer.document { root throws(XMLError) in try ListPartsResult(root) }
      }
      parts += page.parts
      guard let next = page.nextMarker else { return parts }
      marker = [QueryItem("part-number-marker", next)]
    }
    throw Self.endless("parts")
  }

  private static func endless(_ what: String) -> ObjectStoreError {
    ObjectStoreError(
      .unavailable, code: "InvalidAnswer",
      message: "the listing of \(what) has no end after \(maximumPages) pages")
  }
}
