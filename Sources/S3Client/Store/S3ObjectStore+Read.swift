package import ObjectStorage

extension S3ObjectStore {
  package func get(
    _ key: ObjectKey, range: Range<Int64>?, ifMatch: ETag?
  ) async throws(ObjectStoreError) -> ObjectDownload {
    var request = S3Request(operation: .getObject, method: .get, key: key)
    if let range {
      guard !range.isEmpty, range.lowerBound >= 0 else {
        throw ObjectStoreError(
          .invalid, code: "InvalidRange", message: "the range \(range) has no bytes")
      }
      request.headers.set("range", range.headerText)
    }
    askForChecksum(in: &request)
    if let ifMatch { request.headers.set("if-match", ifMatch.quoted) }
    do throws(ObjectStoreError) {
      return try await channel.perform(request) { answer throws(ObjectStoreError) in
        let head = try DownloadHead(answer, range: range, ifMatch: ifMatch)
        let length = head.range.upperBound - head.range.lowerBound
        if length == head.info.size, (1...Self.heldSize).contains(length) {
          return ObjectDownload(
            info: head.info, range: head.range, body: try await heldBody(key, head, answer))
        }
        return ObjectDownload(
          info: head.info, range: head.range, body: S3ObjectBody(answer, length: length))
      }
    } catch {
      throw error.outside(of: ifMatch)
    }
  }

  package func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
    var request = S3Request(operation: .headObject, method: .head, key: key)
    askForChecksum(in: &request)
    return try await channel.perform(request) { answer throws(ObjectStoreError) in
      try answer.objectInfo()
    }
  }

  package func list(_ request: ListRequest) async throws(ObjectStoreError) -> ListPage {
    var query = [
      QueryItem("list-type", "2"),
      // Keys may have characters that XML cannot carry.
      QueryItem("encoding-type", "url"),
      QueryItem("max-keys", String(min(max(request.pageSize, 1), 1_000))),
      QueryItem("prefix", request.prefix),
    ]
    if request.foldsDirectories { query.append(QueryItem("delimiter", "/")) }
    if let continuation = request.continuation {
      query.append(QueryItem("continuation-token", continuation))
    }
    let listing = S3Request(operation: .listObjects, method: .get, key: nil, query: query)
    return try await channel.perform(listing) { answer throws(ObjectStoreError) in
      let page = try await answer.document(limit: XMLReader.Limits().size) {
        root throws(XMLError) in try ListBucketResult(root).page
      }
      // What is outside of the prefix belongs to somebody else: never act on it.
      let isInside =
        page.objects.allSatisfy { $0.key.hasPrefix(request.prefix) }
        && page.commonPrefixes.allSatisfy { $0.hasPrefix(request.prefix) }
      guard isInside else {
        throw answer.unusable("the listing has keys outside of the prefix \(request.prefix)")
      }
      return page
    }
  }
}
