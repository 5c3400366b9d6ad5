package import ObjectStorage

extension S3ObjectStore {
  /// Finds out whether the bucket can be used: throws what stands in the way (`NoSuchBucket`,
  /// `AccessDenied`, `SignatureDoesNotMatch`, `RequestTimeTooSkewed`, `WrongRegion`…).
  ///
  /// HEAD has no body to say why it fails, so the reason comes from listing one key, which is
  /// also all that a policy for a namespace may allow.
  package func verifyBucket(prefix: String = "") async throws(ObjectStoreError) {
    let request = S3Request(operation: .headBucket, method: .head, key: nil)
    do {
      try await channel.perform(request) { answer throws(ObjectStoreError) in
        try await answer.discard()
      }
    } catch {
      if error.kind == .cancelled { throw error }
      _ = try await list(ListRequest(prefix: prefix, foldsDirectories: true, pageSize: 1))
    }
  }

  /// Creates the bucket in the configured region; one that is ours already is no error.
  package func createBucket() async throws(ObjectStoreError) {
    var request = S3Request(operation: .createBucket, method: .put, key: nil)
    let region = channel.currentRegion
    // us-east-1 is the one region that S3 does not accept as a constraint.
    if region != "us-east-1" { request.setBody(RequestDocument.createBucket(region: region)) }
    do {
      try await channel.perform(request) { answer throws(ObjectStoreError) in
        try await answer.discard()
      }
    } catch {
      guard error.code == "BucketAlreadyOwnedByYou" else { throw error }
    }
  }
}
