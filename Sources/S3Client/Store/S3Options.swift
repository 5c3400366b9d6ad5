package import ObjectStorage

/// Everything that has to be known to use a bucket.
package struct S3Options: Sendable {
  package enum PayloadSigning: Sendable, Hashable {
    /// The signature covers the bytes of every body.
    case always
    /// Bodies on an encrypted connection are protected by it and by `Content-MD5` alone, which
    /// saves a SHA-256 over all that is uploaded.
    case unlessEncrypted
  }

  /// `nil` for Amazon's own, of ``region``.
  package var endpoint: S3Endpoint?
  package var region: String
  package var bucket: String
  package var addressing: S3Addressing
  package var credentials: any CredentialSource
  package var http: HTTPTransportOptions
  /// See ``HTTPRequest/stallTimeout``.
  package var stallTimeout: Duration
  package var retry: RetryPolicy
  /// For objects whose headers name none; `nil` leaves it to the bucket.
  package var storageClass: String?
  package var payloadSigning: PayloadSigning
  package var checksum: ChecksumMode
  package var limits: StoreLimits

  package init(
    endpoint: S3Endpoint? = nil, region: String = "us-east-1", bucket: String,
    addressing: S3Addressing = .auto, credentials: any CredentialSource,
    http: HTTPTransportOptions = HTTPTransportOptions(), stallTimeout: Duration = .seconds(60),
    retry: RetryPolicy = RetryPolicy(), storageClass: String? = nil,
    payloadSigning: PayloadSigning = .unlessEncrypted, checksum: ChecksumMode = .auto,
    limits: StoreLimits = .s3
  ) {
    self.endpoint = endpoint
    self.region = region
    self.bucket = bucket
    self.addressing = addressing
    self.credentials = credentials
    self.http = http
    self.stallTimeout = stallTimeout
    self.retry = retry
    self.storageClass = storageClass
    self.payloadSigning = payloadSigning
    self.checksum = checksum
    self.limits = limits
  }
}
