import ObjectStorage

/// Signs requests with AWS Signature Version 4.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html. S3 differs from
/// the other services in that paths are encoded once and not normalised, so "//" and ".." stay.
struct Signer: Sendable {
  private let keys = SigningKeyCache()

  /// Adds `x-amz-date`, `x-amz-content-sha256`, `x-amz-security-token` and `Authorization`; all
  /// headers that are there already are signed.
  func sign(
    _ method: HTTPMethod, _ target: RequestTarget, headers: inout HTTPHeaders, payload: String,
    credentials: Credentials, scope: SigningScope
  ) {
    headers.set("host", target.host)
    headers.set("x-amz-content-sha256", payload)
    headers.set("x-amz-date", scope.dateTime)
    if let token = credentials.sessionToken { headers.set("x-amz-security-token", token) }
    let canonical = CanonicalRequest(method, target, headers: headers, payload: payload)
    let signature = signature(of: canonical, credentials: credentials, scope: scope)
    headers.set(
      "authorization",
      "\(SigningScope.algorithm) Credential=\(credentials.accessKeyID)/\(scope.text),"
        + "SignedHeaders=\(canonical.signedHeaders),Signature=\(signature)")
  }

  /// A URL that lets whoever has it do this one thing until it expires (1 second to 7 days).
  func presign(
    _ method: HTTPMethod, _ target: RequestTarget, expiry: Duration, credentials: Credentials,
    scope: SigningScope
  ) -> String {
    let seconds = min(max(expiry.components.seconds, 1), 7 * 86_400)
    var target = target
    target.query += [
      QueryItem("X-Amz-Algorithm", SigningScope.algorithm),
      QueryItem("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope.text)"),
      QueryItem("X-Amz-Date", scope.dateTime),
      QueryItem("X-Amz-Expires", String(seconds)),
      QueryItem("X-Amz-SignedHeaders", "host"),
    ]
    if let token = credentials.sessionToken {
      target.query.append(QueryItem("X-Amz-Security-Token", token))
    }
    let canonical = CanonicalRequest(
      method, target, headers: HTTPHeaders([("host", target.host)]),
      payload: SigningScope.unsignedPayload)
    let signature = signature(of: canonical, credentials: credentials, scope: scope)
    target.query.append(QueryItem("X-Amz-Signature", signature))
    return target.url
  }

  private func signature(
    of request: CanonicalRequest, credentials: Credentials, scope: SigningScope
  ) -> String {
    let text = """
      \(SigningScope.algorithm)
      \(scope.dateTime)
      \(scope.text)
      \(Hexadecimal.encode(Digest.sha256(Array(request.text.utf8))))
      """
    let key = keys.key(secret: credentials.secretAccessKey, scope: scope)
    return Hexadecimal.encode(Digest.authenticationCode(key: key.bytes, Array(text.utf8)))
  }
}
