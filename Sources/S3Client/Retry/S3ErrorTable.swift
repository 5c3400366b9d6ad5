import ObjectStorage

/// What S3's answers mean. The code decides where it is known, the status otherwise.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
enum S3ErrorTable {
  static func kind(code: String, status: Int?) -> ObjectStoreError.Kind {
    kinds[code] ?? kind(status: status)
  }

  /// Whether the store has found other bytes than their checksum says.
  static func isDamage(code: String) -> Bool {
    ["BadDigest", "XAmzContentChecksumMismatch"].contains(code)
  }

  /// Whether the store does not have the parts of an upload as they were sent.
  static func isAboutParts(code: String) -> Bool {
    ["InvalidPart", "InvalidPartOrder"].contains(code)
  }

  /// Codes whose status would mislead, and those that come without one (in a 200, in the answer
  /// to DeleteObjects).
  private static let kinds: [String: ObjectStoreError.Kind] = [
    "NoSuchKey": .notFound,
    "NoSuchVersion": .notFound,
    "NoSuchUpload": .notFound,
    // Says nothing about the object: the bucket may be back in a moment.
    "NoSuchBucket": .unavailable,
    "PreconditionFailed": .preconditionFailed,
    "ConditionalRequestConflict": .preconditionFailed,
    // What Ceph calls the same.
    "ConcurrentModification": .preconditionFailed,
    "AccessDenied": .accessDenied,
    "AllAccessDisabled": .accessDenied,
    "AccountProblem": .accessDenied,
    "ExpiredToken": .accessDenied,
    "InvalidAccessKeyId": .accessDenied,
    "InvalidToken": .accessDenied,
    "RequestTimeTooSkewed": .accessDenied,
    "SignatureDoesNotMatch": .accessDenied,
    "TokenRefreshRequired": .accessDenied,
    "SlowDown": .throttled,
    "Throttling": .throttled,
    "ThrottlingException": .throttled,
    "RequestLimitExceeded": .throttled,
    "BandwidthLimitExceeded": .throttled,
    "TooManyRequests": .throttled,
    "InternalError": .unavailable,
    "ServiceUnavailable": .unavailable,
    "RequestTimeout": .unavailable,
    "IncompleteBody": .unavailable,
    "OperationAborted": .unavailable,
    // The bytes were damaged on their way, and the store has noticed: sent again they are right.
    "BadDigest": .unavailable,
    "XAmzContentSHA256Mismatch": .unavailable,
    "XAmzContentChecksumMismatch": .unavailable,
    "WrongRegion": .invalid,
    "AuthorizationHeaderMalformed": .invalid,
    "PermanentRedirect": .invalid,
    "TemporaryRedirect": .invalid,
    "EntityTooLarge": .invalid,
    "EntityTooSmall": .invalid,
    "InvalidArgument": .invalid,
    "InvalidPart": .invalid,
    "InvalidPartOrder": .invalid,
    "InvalidRange": .invalid,
    "InvalidRequest": .invalid,
    "NotImplemented": .invalid,
  ]

  /// A 404 without a code that is known is no answer of S3 (a proxy says that too), so it does
  /// not say that an object is missing.
  private static func kind(status: Int?) -> ObjectStoreError.Kind {
    switch status {
    case 401, 403: .accessDenied
    case 408: .unavailable
    case 412: .preconditionFailed
    case 429: .throttled
    case 404: .unavailable
    case 501: .invalid
    case .some(300..<500): .invalid
    default: .unavailable
    }
  }
}
