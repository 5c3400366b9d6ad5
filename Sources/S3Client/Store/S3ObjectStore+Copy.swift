package import ObjectStorage

extension S3ObjectStore {
  /// Tries CopyObject and goes on part by part when the store finds the source too large: sizes
  /// need not be asked for, and stores without that limit copy in one request.
  package func copy(
    from source: ObjectKey, sourceMatch: ETag?, to target: ObjectKey, headers: ObjectHeaders?,
    condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    var request = S3Request(operation: .copyObject, method: .put, key: target)
    setSource(source, sourceMatch, of: &request)
    request.headers.set(condition)
    if let headers {
      request.headers.set("x-amz-metadata-directive", "REPLACE")
      headers.write(to: &request.headers, defaultStorageClass: channel.options.storageClass)
    }
    let failure: ObjectStoreError
    do {
      return try await channel.perform(request) { answer throws(ObjectStoreError) in
        try await answer.document { root throws(XMLError) in
          try WrittenObjectResult(root, named: "CopyObjectResult").etag
        }
      }
    } catch {
      failure = error
    }
    guard failure.kind == .invalid else { throw failure }
    let info = try await head(source)
    guard info.size > limits.putSize else { throw failure }
    if let sourceMatch, info.etag != sourceMatch {
      throw ObjectStoreError(
        .preconditionFailed, code: "PreconditionFailed",
        message: "the source is \(info.etag), not \(sourceMatch)")
    }
    let copy = PartwiseCopy(
      self, from: source, info.etag, size: info.size, to: target, headers: headers ?? info.headers,
      condition: condition)
    return try await copy.run()
  }

  package func copyPart(
    from source: ObjectKey, sourceMatch: ETag?, range: Range<Int64>, to key: ObjectKey,
    _ upload: UploadID, number: Int
  ) async throws(ObjectStoreError) -> UploadedPart {
    guard !range.isEmpty else {
      throw ObjectStoreError(
        .invalid, code: "InvalidRange", message: "a part cannot be copied from no bytes")
    }
    var request = S3Request(
      operation: .copyPart, method: .put, key: key, query: partQuery(upload, number))
    setSource(source, sourceMatch, of: &request)
    request.headers.set("x-amz-copy-source-range", range.headerText)
    let copied: WrittenObjectResult
    do throws(ObjectStoreError) {
      copied = try await channel.perform(request) { answer throws(ObjectStoreError) in
        try await answer.document { root throws(XMLError) in
          try WrittenObjectResult(root, named: "CopyPartResult")
        }
      }
    } catch {
      throw error.outside(of: sourceMatch)
    }
    return UploadedPart(
      number: number, etag: copied.etag, size: range.upperBound - range.lowerBound,
      checksum: upload.checksum == nil ? nil : copied.checksum)
  }

  private func setSource(_ source: ObjectKey, _ match: ETag?, of request: inout S3Request) {
    let path = "\(channel.options.bucket)/\(source.text)"
    request.headers.set(
      "x-amz-copy-source", "/" + PercentEncoding.encode(path, keepingSlash: true))
    if let match { request.headers.set("x-amz-copy-source-if-match", match.quoted) }
  }
}
