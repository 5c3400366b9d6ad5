package import ObjectStorage

/// A bucket of an S3 service.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
package final class S3ObjectStore: ObjectStore {
  let channel: S3Channel
  let tags = ETagKind()
  let choice = ChecksumChoice()

  package init(
    _ options: S3Options, transport: any HTTPTransport, environment: S3Environment = .live
  ) {
    channel = S3Channel(options, transport: transport, environment: environment)
  }

  package var limits: StoreLimits { channel.options.limits }

  /// Requests that were sent, attempts counted singly, by ``S3Operation``'s names.
  package var requestCounts: [String: Int] { channel.requestCounts }

  /// How many requests may be under way now: the configured connections, or fewer since the
  /// store has asked for less.
  package var concurrency: Int { channel.concurrency }

  /// The configured region, or the one that the store has named since.
  package var region: String { channel.currentRegion }

  /// A URL with which anybody can read the object until `expiry` has passed (at most 7 days, and
  /// not longer than temporary credentials live).
  package func presignedURL(
    _ key: ObjectKey, expiry: Duration
  ) async throws(ObjectStoreError) -> String {
    let region = channel.currentRegion
    return channel.signer.presign(
      .get, channel.location(in: region).target(key), expiry: expiry,
      credentials: try await channel.credentials(),
      scope: SigningScope(time: channel.environment.now(), region: region))
  }

  /// Reads a source once and makes a body of it.
  func payload(
    _ source: any ObjectSource, _ checksum: ChecksumAlgorithm?
  ) throws(ObjectStoreError) -> S3Request.Payload {
    S3Request.Payload(
      source: source,
      digest: try PayloadDigest(source, signed: channel.signsPayload, checksum: checksum))
  }

  var sendsDigest: Bool { channel.options.checksum != .none }
}
