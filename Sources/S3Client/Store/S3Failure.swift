import ObjectStorage

/// An answer that is an error, and what follows from it for the request.
struct S3Failure: Sendable {
  let error: ObjectStoreError
  /// The region to ask instead.
  let region: String?
  /// How long the store asks to be left alone (RFC 9110, section 10.2.3); `nil` where it does not
  /// say, or gives a date.
  let retryAfter: Duration?

  /// - Parameter document: `nil` when the body was none, as always in answers to HEAD.
  init(status: Int, headers: HTTPHeaders, document: ErrorDocument?, isObjectHead: Bool = false) {
    retryAfter = headers.integer("retry-after").map { .seconds($0) }
    let namesRegion = Self.isAboutRegion(status: status, code: document?.code)
    let named = headers["x-amz-bucket-region"] ?? document?.region
    region = namesRegion ? named.flatMap { Self.isRegion($0) ? $0 : nil } : nil
    let code: String
    let kind: ObjectStoreError.Kind
    if namesRegion {
      (code, kind) = ("WrongRegion", .invalid)
    } else if isObjectHead, status == 404 {
      // HEAD has no body to tell NoSuchKey from NoSuchBucket.
      (code, kind) = ("NotFound", .notFound)
    } else {
      code = document?.code ?? Self.code(status: status)
      kind = S3ErrorTable.kind(code: code, status: status)
    }
    var message = document?.message ?? ""
    if message.isEmpty { message = "the store answered with HTTP status \(status)" }
    if let region { message += " (the bucket is in the region \(region))" }
    error = ObjectStoreError(
      kind, code: code, message: message, httpStatus: status,
      requestID: headers["x-amz-request-id"] ?? document?.requestID)
  }

  /// Redirects are only ever about the region; so are two errors about the signature.
  private static func isAboutRegion(status: Int, code: String?) -> Bool {
    switch code {
    case "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
      "IllegalLocationConstraintException":
      true
    default: status == 301 || status == 302 || status == 307 || status == 308
    }
  }

  /// It becomes a part of the name of the host that is asked next, with the credentials: an answer
  /// must not be able to say who that is.
  private static func isRegion(_ text: String) -> Bool {
    (1...32).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        byte.isASCIIDigit || byte == UInt8(ascii: "-")
          || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      }
  }

  private static func code(status: Int) -> String {
    switch status {
    case 403: "AccessDenied"
    case 412: "PreconditionFailed"
    case 416: "InvalidRange"
    case 429: "TooManyRequests"
    default: "HTTP\(status)"
    }
  }
}
