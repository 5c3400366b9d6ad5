package import ObjectStorage

extension S3ObjectStore {
  package func createUpload(
    _ key: ObjectKey, headers: ObjectHeaders
  ) async throws(ObjectStoreError) -> UploadID {
    var request = S3Request(
      operation: .createUpload, method: .post, key: key, query: [QueryItem("uploads")])
    headers.write(to: &request.headers, defaultStorageClass: channel.options.storageClass)
    return try await channel.perform(request) { answer throws(ObjectStoreError) in
      try await answer.document { root throws(XMLError) in try InitiateUploadResult(root).upload }
    }
  }

  package func uploadPart(
    _ key: ObjectKey, _ upload: UploadID, number: Int, _ source: any ObjectSource
  ) async throws(ObjectStoreError) -> UploadedPart {
    var request = S3Request(
      operation: .uploadPart, method: .put, key: key, query: partQuery(upload, number))
    let payload = try payload(source)
    request.setPayload(payload)
    let etag = try await channel.perform(request) { answer throws(ObjectStoreError) in
      try await answer.discard()
      let etag = try answer.etag()
      // A part that is sent again replaces the damaged one.
      guard verdict(on: etag, of: payload, answer) != .different else {
        throw answer.unusable("the part that was stored is not the one that was sent")
      }
      return etag
    }
    return UploadedPart(number: number, etag: etag, size: source.length)
  }

  package func completeUpload(
    _ key: ObjectKey, _ upload: UploadID, parts: [UploadedPart], condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    var request = S3Request(
      operation: .completeUpload, method: .post, key: key,
      query: [QueryItem("uploadId", upload.text)])
    request.setBody(RequestDocument.completeUpload(parts))
    request.headers.set(condition)
    do throws(CallFailure) {
      return try await channel.call(request) { answer throws(ObjectStoreError) in
        try await answer.document { root throws(XMLError) in
          try WrittenObjectResult(root, named: "CompleteMultipartUploadResult").etag
        }
      }
    } catch {
      let failure = error.error
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
