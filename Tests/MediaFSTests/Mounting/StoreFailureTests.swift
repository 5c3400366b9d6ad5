import ObjectStorage
import Testing

@testable import mediafs

@Suite struct StoreFailureTests {
  private func describe(_ error: ObjectStoreError, skew: Duration? = nil) -> Failure {
    StoreFailure.describe(
      error, source: "s3://bucket/a/", address: "https://s3.example.org:9000", skew: skew)
  }

  @Test(arguments: [
    ("InvalidAccessKeyId", ExitCode.credentialsRefused),
    ("SignatureDoesNotMatch", .credentialsRefused), ("NoCredentials", .credentialsRefused),
    ("ExpiredToken", .credentialsRefused), ("AccessDenied", .accessDenied),
    ("RequestTimeTooSkewed", .clockSkew), ("SomethingNew", .accessDenied),
  ])
  func refusalsHaveTheirOwnStatus(_ code: String, _ status: ExitCode) {
    let error = ObjectStoreError(.accessDenied, code: code, message: "no", httpStatus: 403)
    #expect(describe(error).status == status)
  }

  @Test func missingBucketIsNoOutage() {
    let error = ObjectStoreError(
      .unavailable, code: "NoSuchBucket", message: "none", httpStatus: 404)
    #expect(describe(error).status == .noSuchBucket)
    #expect(describe(error).description.contains("bucket"))
  }

  @Test func unreachableNamesAddressAndCause() {
    let error = ObjectStoreError(
      .unavailable, code: "CouldNotConnect", message: "Couldn't connect to server")
    let failure = describe(error)
    #expect(failure.status == .storeUnreachable)
    #expect(
      failure.description == "cannot reach the store at https://s3.example.org:9000: "
        + "Couldn't connect to server")
  }

  @Test(arguments: [
    (Duration.seconds(7_199), "2h ahead"), (.seconds(-90), "1m30s behind"),
  ])
  func clockSkewSaysByHowMuch(_ skew: Duration, _ text: String) {
    let error = ObjectStoreError(.accessDenied, code: "RequestTimeTooSkewed", message: "skewed")
    #expect(describe(error, skew: skew).description.contains("clock of this machine is \(text)"))
    #expect(describe(error).description.contains("clock"))
  }

  @Test func isOneLine() {
    let error = ObjectStoreError(.unavailable, code: "X", message: "a\nb\r\nc", httpStatus: 500)
    #expect(!describe(error).description.contains { $0.isNewline })
  }
}
