/// Why a store did not do what it was asked.
package struct ObjectStoreError: Error, Sendable {
  /// What the caller can do about it; every failure is exactly one of these.
  package enum Kind: Sendable, CaseIterable {
    /// The store answered that the object (or the multipart upload) does not exist.
    /// Never used when the store could not be asked, nor for a missing bucket.
    case notFound
    /// An `If-Match` or `If-None-Match` condition did not hold (412, or 409 in a race).
    case preconditionFailed
    /// The credentials are missing, wrong, expired, skewed in time, or lack the right (401, 403).
    case accessDenied
    /// The store asks for fewer requests (429, 503 SlowDown).
    case throttled
    /// No answer, or an answer that says nothing about the object: network, 5xx, missing bucket.
    case unavailable
    /// The request can never succeed as it is (400, EntityTooLarge, bad digest…).
    case invalid
    /// The caller's task was cancelled, or its source of bytes withdrew them.
    case cancelled
  }

  package let kind: Kind
  /// S3's error code (`NoSuchKey`, `SlowDown`…), or the transport's symbol (`CouldNotConnect`…).
  package let code: String
  package let message: String
  package let httpStatus: Int?
  /// `x-amz-request-id` of the answer, for the store's operator.
  package let requestID: String?

  package init(
    _ kind: Kind, code: String, message: String, httpStatus: Int? = nil, requestID: String? = nil
  ) {
    self.kind = kind
    self.code = code
    self.message = message
    self.httpStatus = httpStatus
    self.requestID = requestID
  }

  /// The code where the store has other parts of an upload than were sent, or has lost some: it
  /// has to begin anew.
  package static let otherPartsCode = "OtherParts"

  /// The key itself is no good, or there is none: not that it may not do something. Other
  /// credentials cure it.
  /// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
  package var isAboutCredentials: Bool { Self.credentialCodes.contains(code) }

  private static let credentialCodes: Set<String> = [
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId",
    "InvalidSecurity", "InvalidToken", "SignatureDoesNotMatch", "TokenRefreshRequired",
    "UnauthorizedAccess", credentialsMissingCode, credentialsUnreadableCode,
  ]
  /// No source has credentials.
  package static let credentialsMissingCode = "NoCredentials"
  /// The file that has them cannot be read, or says nothing that is understood.
  package static let credentialsUnreadableCode = "CredentialsUnreadable"

  /// True when the same request may succeed later without anybody changing anything.
  package var isTransient: Bool {
    switch kind {
    case .throttled, .unavailable: true
    case .notFound, .preconditionFailed, .accessDenied, .invalid, .cancelled: false
    }
  }
}

extension ObjectStoreError: CustomStringConvertible {
  package var description: String {
    var text = "\(code): \(message)"
    if let httpStatus { text += " (HTTP \(httpStatus)" + (requestID == nil ? ")" : "") }
    if let requestID { text += (httpStatus == nil ? " (" : ", ") + "request \(requestID))" }
    return text
  }
}
