package import ObjectStorage

extension S3ObjectStore {
  package func put(
    _ key: ObjectKey, _ source: any ObjectSource, headers: ObjectHeaders, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    var request = S3Request(operation: .putObject, method: .put, key: key)
    let payload = try payload(source)
    request.setPayload(payload)
    headers.write(to: &request.headers, defaultStorageClass: channel.options.storageClass)
    request.headers.set(condition)
    do throws(CallFailure) {
      return try await channel.call(request) { answer throws(ObjectStoreError) in
        try await answer.discard()
        return try answer.etag()
      }
    } catch {
      guard condition != .none, error.lostAnswer, error.error.kind == .preconditionFailed else {
        throw error.error
      }
      let sent = WrittenObject(etag: payload.digest.etag, size: source.length)
      return try await confirm(sent, at: key, orThrow: error.error)
    }
  }

  package func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
    let request = S3Request(operation: .deleteObject, method: .delete, key: key)
    do {
      try await channel.perform(request) { answer throws(ObjectStoreError) in
        try await answer.discard()
      }
    } catch {
      guard error.kind == .notFound else { throw error }
    }
  }

  package func delete(
    _ keys: [ObjectKey]
  ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
    var errors: [ObjectKey: ObjectStoreError] = [:]
    // What XML cannot say has to be deleted one by one.
    for key in keys where !XMLText.canRepresent(key.text) {
      do {
        try await delete(key)
      } catch {
        errors[key] = error
      }
    }
    let batch = keys.filter { XMLText.canRepresent($0.text) }
    guard !batch.isEmpty else { return errors }
    var request = S3Request(
      operation: .deleteObjects, method: .post, key: nil, query: [QueryItem("delete")])
    request.setBody(RequestDocument.delete(batch))
    let failed = try await channel.perform(request) { answer throws(ObjectStoreError) in
      try await answer.document { root throws(XMLError) in try DeleteResult(root).errors }
    }
    return errors.merging(failed) { _, new in new }
  }

  /// Settles whether an attempt whose answer was lost has written the object after all.
  func confirm(
    _ written: WrittenObject, at key: ObjectKey, orThrow failure: ObjectStoreError
  ) async throws(ObjectStoreError) -> ETag {
    let found: ObjectInfo
    do {
      found = try await head(key)
    } catch {
      throw error.kind == .notFound ? failure : error
    }
    guard written.isConfirmed(by: found) else { throw failure }
    return found.etag
  }
}
