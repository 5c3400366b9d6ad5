package import ObjectStorage

extension S3ObjectStore {
  package func put(
    _ key: ObjectKey, _ source: any ObjectSource, headers: ObjectHeaders, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    let payload = try payload(source, choice.current)
    var condition = condition
    for _ in 1...Self.damageLimit {
      let sent = try await send(payload, to: key, headers: headers, condition: condition)
      switch sent.verdict {
      case .same: return sent.etag
      case .unknown:
        let written = WrittenObject(
          etag: sent.etag, size: source.length, checksum: payload.digest.checksum)
        try await look(for: written, at: key)
        return sent.etag
      case .different:
        // The store has looked at no digest, and the damaged bytes are the object: they are
        // replaced, and nothing else is.
        if condition != .none { condition = .matches(sent.etag) }
      }
    }
    throw Self.notVerified(key, "its ETag or its checksum is that of other bytes")
  }

  /// Damage that is the network's is over by then.
  private static let damageLimit = 5

  private func send(
    _ payload: S3Request.Payload, to key: ObjectKey, headers: ObjectHeaders,
    condition: WriteCondition
  ) async throws(ObjectStoreError) -> (etag: ETag, verdict: ETagVerdict) {
    var request = S3Request(operation: .putObject, method: .put, key: key)
    request.setPayload(payload, sendsDigest: sendsDigest)
    headers.write(to: &request.headers, defaultStorageClass: channel.options.storageClass)
    request.headers.set(condition)
    do throws(CallFailure) {
      return try await channel.call(request) { answer throws(ObjectStoreError) in
        try await answer.discard()
        let etag = try answer.etag()
        return (etag, verdict(on: etag, of: payload, answer))
      }
    } catch {
      guard condition != .none, error.lostAnswer, error.error.kind == .preconditionFailed else {
        throw error.error
      }
      let digest = payload.digest
      let sent = WrittenObject(
        etag: digest.etag, size: payload.source.length, checksum: digest.checksum)
      return (try await confirm(sent, at: key, orThrow: error.error), .same)
    }
  }

  package func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
    do throws(CallFailure) {
      try await sendDelete(key, .none)
    } catch  where error.error.kind != .notFound {
      throw error.error
    } catch {}
  }

  package func delete(_ key: ObjectKey, ifMatch: ETag) async throws(ObjectStoreError) {
    do throws(CallFailure) {
      try await sendDelete(key, .matches(ifMatch))
    } catch {
      // An attempt whose answer was lost has deleted it.
      if error.lostAnswer, error.error.kind == .notFound { return }
      throw error.error
    }
  }

  private func sendDelete(
    _ key: ObjectKey, _ condition: WriteCondition
  ) async throws(CallFailure) {
    var request = S3Request(operation: .deleteObject, method: .delete, key: key)
    request.headers.set(condition)
    try await channel.call(request) { answer throws(ObjectStoreError) in
      try await answer.discard()
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

  /// Looks whether the store has what it says, where its answer does not show it.
  private func look(
    for written: WrittenObject, at key: ObjectKey
  ) async throws(ObjectStoreError) {
    let found: ObjectInfo
    do {
      found = try await head(key)
    } catch {
      throw error.kind == .notFound ? Self.notVerified(key, error.message) : error
    }
    guard written.etag == found.etag, written.isConfirmed(by: found) else {
      throw Self.notVerified(key, "it is \(found.etag), of \(found.size) bytes")
    }
  }

  private static func notVerified(_ key: ObjectKey, _ reason: String) -> ObjectStoreError {
    ObjectStoreError(
      .unavailable, code: "NotVerified",
      message: "What was written to \(key) is not what the store has: \(reason)")
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
