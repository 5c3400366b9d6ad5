package import ObjectStorage

extension S3ObjectStore {
  package func createUpload(
    _ key: ObjectKey, headers: ObjectHeaders
  ) async throws(ObjectStoreError) -> UploadID {
    guard let checksum = choice.ofAllParts else {
      return try await beginUpload(key, headers, checksum: nil)
    }
    let upload = try await beginUpload(key, headers, checksum: checksum)
    if upload.checksum != nil { return upload }
    // A store that was told of a checksum may refuse parts without it (MinIO before 2025).
    choice.isOfParts()
    try await abortUpload(key, upload)
    return try await beginUpload(key, headers, checksum: nil)
  }

  private func beginUpload(
    _ key: ObjectKey, _ headers: ObjectHeaders, checksum: ChecksumAlgorithm?
  ) async throws(ObjectStoreError) -> UploadID {
    var request = S3Request(
      operation: .createUpload, method: .post, key: key, query: [QueryItem("uploads")])
    headers.write(to: &request.headers, defaultStorageClass: channel.options.storageClass)
    if let checksum {
      request.headers.set("x-amz-checksum-algorithm", checksum.name)
      request.headers.set("x-amz-checksum-type", "FULL_OBJECT")
    }
    return try await channel.perform(request) { answer throws(ObjectStoreError) in
      let upload = try await answer.document { root throws(XMLError) in
        try InitiateUploadResult(root).upload
      }
      // Who does not repeat it has not understood it.
      let isWhole = ChecksumScope(answer.headers["x-amz-checksum-type"]) == .whole
      return UploadID(upload.text, checksum: isWhole ? checksum : nil)
    }
  }

  package func uploadPart(
    _ key: ObjectKey, _ upload: UploadID, number: Int, _ source: any ObjectSource
  ) async throws(ObjectStoreError) -> UploadedPart {
    var request = S3Request(
      operation: .uploadPart, method: .put, key: key, query: partQuery(upload, number))
    let payload = try payload(source, upload.checksum)
    request.setPayload(payload, sendsDigest: sendsDigest)
    let etag = try await channel.perform(request) { answer throws(ObjectStoreError) in
      try await answer.discard()
      let etag = try answer.etag()
      // A part that is sent again replaces the damaged one.
      guard verdict(on: etag, of: payload, answer) != .different else {
        throw answer.unusable("the part that was stored is not the one that was sent")
      }
      return etag
    }
    return UploadedPart(
      number: number, etag: etag, size: source.length, checksum: payload.digest.checksum)
  }

  package func completeUpload(
    _ key: ObjectKey, _ upload: UploadID, parts: [UploadedPart], condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    var request = S3Request(
      operation: .completeUpload, method: .post, key: key,
      query: [QueryItem("uploadId", upload.text)])
    request.setBody(RequestDocument.completeUpload(parts))
    request.headers.set(condition)
    guard upload.checksum != nil, let whole = ObjectChecksum.whole(of: parts) else {
      return try await complete(request, key, parts)
    }
    request.headers.set(whole.algorithm.field, whole.text)
    request.headers.set("x-amz-checksum-type", "FULL_OBJECT")
    request.endsWithDamage = true
    // The document itself may have been damaged on its way.
    for _ in 1...2 {
      do throws(ObjectStoreError) {
        return try await complete(request, key, parts)
      } catch  where S3ErrorTable.isDamage(code: error.code) {}
    }
    throw .otherParts(of: key)
  }

  private func complete(
    _ request: S3Request, _ key: ObjectKey, _ parts: [UploadedPart]
  ) async throws(ObjectStoreError) -> ETag {
    do throws(CallFailure) {
      return try await channel.call(request) { answer throws(ObjectStoreError) in
        try await answer.document { root throws(XMLError) in
          try WrittenObjectResult(root, named: "CompleteMultipartUploadResult").etag
        }
      }
    } catch {
      let failure = error.error
      if S3ErrorTable.isAboutParts(code: failure.code) { throw .otherParts(of: key) }
      // The upload is gone: completed by an attempt whose answer was lost (in this call, or
      // before a crash), or aborted. After a lost answer, 412 too may be about our own object.
      let mayBeDone =
        failure.code == "NoSuchUpload"
        || (error.lostAnswer && failure.kind == .preconditionFailed)
      guard mayBeDone, let written = WrittenObject(parts: parts) else { throw failure }
      return try await confirm(written, at: key, orThrow: failure)
    }
  }

  package func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws(ObjectStoreError) {
    let request = S3Request(
      operation: .abortUpload, method: .delete, key: key,
      query: [QueryItem("uploadId", upload.text)])
    do {
      try await channel.perform(request) { answer throws(ObjectStoreError) in
        try await answer.discard()
      }
    } catch {
      guard error.kind == .notFound else { throw error }
    }
  }

  func partQuery(_ upload: UploadID, _ number: Int) -> [QueryItem] {
    [QueryItem("partNumber", String(number)), QueryItem("uploadId", upload.text)]
  }
}

extension ObjectStoreError {
  fileprivate static func otherParts(of key: ObjectKey) -> ObjectStoreError {
    ObjectStoreError(
      .unavailable, code: otherPartsCode,
      message: "The parts of \(key) that the store has are not those that were sent")
  }
}
