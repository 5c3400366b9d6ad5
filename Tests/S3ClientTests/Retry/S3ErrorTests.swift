import ObjectStorage
import Testing

@testable import S3Client

@Suite struct S3ErrorTests {
  static let codes: [(String, Int?, ObjectStoreError.Kind)] = [
    ("NoSuchKey", 404, .notFound), ("NoSuchUpload", 404, .notFound),
    ("NoSuchBucket", 404, .unavailable), ("HTTP404", 404, .unavailable),
    ("PreconditionFailed", 412, .preconditionFailed), ("Odd", 412, .preconditionFailed),
    ("ConditionalRequestConflict", 409, .preconditionFailed),
    ("OperationAborted", 409, .unavailable),
    ("AccessDenied", 403, .accessDenied), ("AccessDenied", 200, .accessDenied),
    ("RequestTimeTooSkewed", 403, .accessDenied), ("ExpiredToken", 400, .accessDenied),
    ("InvalidAccessKeyId", 403, .accessDenied), ("Odd", 401, .accessDenied),
    ("Odd", 403, .accessDenied), ("SlowDown", 503, .throttled), ("SlowDown", 200, .throttled),
    ("Odd", 429, .throttled), ("InternalError", 500, .unavailable),
    ("InternalError", 200, .unavailable), ("RequestTimeout", 400, .unavailable),
    ("IncompleteBody", 400, .unavailable), ("Odd", 408, .unavailable), ("Odd", 500, .unavailable),
    ("Odd", 502, .unavailable), ("Odd", 503, .unavailable), ("Odd", 504, .unavailable),
    ("Odd", 501, .invalid), ("NotImplemented", 501, .invalid), ("EntityTooLarge", 400, .invalid),
    ("BadDigest", 400, .unavailable), ("Odd", 400, .invalid), ("Odd", 409, .invalid),
    ("Odd", 416, .invalid), ("Odd", 304, .invalid), ("Odd", 200, .unavailable),
    ("Odd", nil, .unavailable), ("NoSuchKey", nil, .notFound),
  ]

  @Test(arguments: codes) func codeAndStatusDecideTheKind(
    _ code: String, _ status: Int?, _ kind: ObjectStoreError.Kind
  ) {
    #expect(S3ErrorTable.kind(code: code, status: status) == kind)
  }

  private func failure(
    _ status: Int, _ headers: [(String, String)] = [], _ document: String = "", head: Bool = false
  ) -> S3Failure {
    S3Failure(
      status: status, headers: HTTPHeaders(headers),
      document: ErrorDocument(body: Array(document.utf8)), isObjectHead: head)
  }

  @Test func onlyHeadTakesABareStatusForAMissingObject() {
    #expect(failure(404, head: true).error.kind == .notFound)
    #expect(failure(404).error.kind == .unavailable)
    #expect(failure(403, head: true).error.code == "AccessDenied")
    #expect(failure(502, [], "<html/>").error.code == "HTTP502")
  }

  @Test func theReportNamesTheRequest() {
    let document =
      "<Error><Code>SlowDown</Code><Message>m</Message><RequestId>d</RequestId></Error>"
    #expect(
      failure(503, [("x-amz-request-id", "h")], document).error.description
        == "SlowDown: m (HTTP 503, request h)")
    #expect(failure(503, [], document).error.requestID == "d")
  }

  @Test(arguments: [301, 302, 307, 308]) func aRedirectIsAboutTheRegion(_ status: Int) {
    let named = failure(status, [("x-amz-bucket-region", "eu-west-1")])
    #expect(named.region == "eu-west-1")
    #expect(named.error.code == "WrongRegion")
    #expect(named.error.kind == .invalid)
    #expect(failure(status, [("location", "http://elsewhere/")]).region == nil)
  }

  /// The region is a part of Amazon's host names.
  @Test(arguments: [
    "x.evil.org/", "evil.org:443/?", "eu-west-1@evil.org", "EU", "", "a.b", "é",
    String(repeating: "a", count: 33),
  ])
  func noAnswerNamesTheNextHost(_ region: String) {
    #expect(failure(301, [("x-amz-bucket-region", region)]).region == nil)
    let document = "<Error><Code>PermanentRedirect</Code><Region>\(region)</Region></Error>"
    #expect(failure(301, [], document).region == nil)
  }

  @Test func anErrorDocumentMayNameTheRegion() {
    let document =
      "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"
    #expect(failure(400, [], document).region == "eu-west-1")
    // Every answer of S3 has that header; it means something only in these errors.
    #expect(failure(403, [("x-amz-bucket-region", "eu-west-1")]).region == nil)
  }
}
