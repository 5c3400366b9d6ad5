import MediaFSCore
import ObjectStorage
import Testing

@Suite struct RetryScheduleTests {
  private static let schedule = RetrySchedule(
    backoff: Backoff(base: .seconds(2), cap: .seconds(60)))

  private static func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

  @Test func afterAFailureTheVerdictDecides() {
    func due(_ verdict: UploadVerdict, _ failures: Int) -> Timestamp? {
      Self.schedule.due(after: verdict, failures: failures, now: Self.at(100), jitter: 1)
    }
    #expect(due(.retry, 1) == Self.at(102))
    #expect(due(.retry, 50) == Self.at(160))
    #expect(due(.awaitCredentials, 2) == Self.at(104))
    #expect(due(.restart, 1) == Self.at(100))
    #expect(due(.restart, 2) == Self.at(104))
    #expect(due(.conflict, 1) == Self.at(100))
    #expect(due(.conflict, 2) == Self.at(104))
    #expect(due(.park, 1) == nil)
  }

  @Test(arguments: [
    (ObjectStoreError.Kind.throttled, "SlowDown", UploadVerdict.retry),
    (.unavailable, "CouldNotConnect", .retry), (.unavailable, "NoSuchBucket", .retry),
    (.preconditionFailed, "PreconditionFailed", .conflict), (.notFound, "NoSuchUpload", .restart),
    (.cancelled, "Cancelled", .restart), (.accessDenied, "AccessDenied", .park),
    (.accessDenied, "ExpiredToken", .awaitCredentials),
    (.accessDenied, "RequestTimeTooSkewed", .awaitCredentials),
    (.accessDenied, "InvalidAccessKeyId", .awaitCredentials),
    (.accessDenied, "NoCredentials", .awaitCredentials),
    (.accessDenied, "CredentialsUnreadable", .awaitCredentials),
    (.accessDenied, "InvalidSecurity", .awaitCredentials),
    (.invalid, "EntityTooLarge", .park), (.unavailable, "BadDigest", .retry),
    (.invalid, "QuotaExceeded", .park),
  ])
  func everyFailureHasAVerdict(
    kind: ObjectStoreError.Kind, code: String, expected: UploadVerdict
  ) {
    #expect(UploadVerdict(ObjectStoreError(kind, code: code, message: "")) == expected)
  }
}
