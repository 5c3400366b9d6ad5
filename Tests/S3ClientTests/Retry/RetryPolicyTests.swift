import ObjectStorage
import Testing

@testable import S3Client

@Suite struct RetryPolicyTests {
  private let policy = RetryPolicy(
    attempts: 6, base: .milliseconds(100), cap: .seconds(1), deadline: .seconds(10))

  @Test func theWaitDoublesUpToItsCap() {
    let waits = (1...6).map { policy.delay(afterAttempt: $0, elapsed: .zero, random: 0.5) }
    let expected: [Duration?] = [
      .milliseconds(50), .milliseconds(100), .milliseconds(200), .milliseconds(400),
      .milliseconds(500), nil,
    ]
    #expect(waits == expected)
  }

  @Test func noAttemptBeginsAfterTheDeadline() {
    #expect(policy.delay(afterAttempt: 1, elapsed: .seconds(10), random: 0) == .zero)
    #expect(policy.delay(afterAttempt: 1, elapsed: .seconds(9.96), random: 0.5) == nil)
    #expect(policy.delay(afterAttempt: 1, elapsed: .seconds(11), random: 0) == nil)
  }

  @Test func manyAttemptsDoNotOverflow() {
    let endless = RetryPolicy(
      attempts: .max, base: .seconds(1), cap: .seconds(1 << 40), deadline: .seconds(1 << 50))
    #expect(endless.delay(afterAttempt: .max - 1, elapsed: .zero, random: 0.5) == .seconds(1 << 39))
    #expect(RetryPolicy.never.delay(afterAttempt: 1, elapsed: .zero, random: 0) == nil)
    let late = RetryPolicy(attempts: 3, base: .seconds(9), cap: .seconds(2))
    #expect(late.delay(afterAttempt: 1, elapsed: .zero, random: 0.5) == .seconds(1))
  }

  @Test func whatTheStoreAsksForComesOnTopAndIsBounded() {
    let policy = RetryPolicy(
      attempts: 3, base: .seconds(2), cap: .seconds(10), deadline: .seconds(60))
    func delay(_ least: Duration?) -> Duration? {
      policy.delay(afterAttempt: 1, elapsed: .zero, random: 0.5, atLeast: least)
    }
    #expect(delay(nil) == .seconds(1))
    #expect(delay(.seconds(7)) == .seconds(8))
    #expect(delay(.seconds(7_200)) == .seconds(11))
    #expect(delay(.seconds(-7_200)) == .seconds(1))
  }

  private func failure(
    _ kind: ObjectStoreError.Kind, _ code: String, region: String? = nil
  ) -> AttemptFailure {
    AttemptFailure(ObjectStoreError(kind, code: code, message: ""), region: region)
  }

  private func next(_ history: inout CallHistory, _ failure: AttemptFailure) -> CallHistory.Step {
    history.next(after: failure, now: .zero, random: 0.5)
  }

  @Test func onlyTransientFailuresAreRetried() {
    let cases: [(AttemptFailure, Bool, Bool)] = [
      (failure(.unavailable, "InternalError"), true, true),
      (failure(.throttled, "SlowDown"), true, false),
      (failure(.unavailable, "NoSuchBucket"), false, false),
      (failure(.notFound, "NoSuchKey"), false, false),
      (failure(.preconditionFailed, "PreconditionFailed"), false, false),
      (failure(.accessDenied, "AccessDenied"), false, false),
      (failure(.unavailable, "BadDigest"), true, true),
      (failure(.invalid, "InvalidRequest"), false, false),
      (failure(.cancelled, "Cancelled"), false, false),
      (AttemptFailure(HTTPTransportError(.connectionLost, "")), true, true),
      (AttemptFailure(HTTPTransportError(.stalled, "")), true, true),
      (AttemptFailure(HTTPTransportError(.couldNotConnect, "")), true, false),
      (AttemptFailure(HTTPTransportError(.couldNotResolve, "")), true, false),
      (AttemptFailure(HTTPTransportError(.tls, "")), false, false),
      (AttemptFailure(.cancelled), false, true),
    ]
    for (failure, isRetried, isLost) in cases {
      var history = CallHistory(policy: policy, start: .zero)
      let expected = isRetried ? CallHistory.Step.wait(.milliseconds(50)) : .giveUp
      let step = next(&history, failure)
      #expect(step == expected)
      #expect(history.lostAnswer == isLost)
    }
  }

  @Test func anotherRegionIsTriedOnceAndAtOnce() {
    var history = CallHistory(policy: policy, start: .zero)
    let wrong = failure(.invalid, "WrongRegion", region: "eu-west-1")
    let steps = [next(&history, wrong), next(&history, wrong)]
    #expect(steps == [.again(region: "eu-west-1"), .giveUp])
  }

  @Test func refusedCredentialsAreAskedForAnewOnce() {
    let credentials = Credentials(accessKeyID: "a", secretAccessKey: "s")
    for code in ["ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "TokenRefreshRequired"] {
      var history = CallHistory(policy: policy, start: .zero)
      let refused = failure(.accessDenied, code).with(credentials: credentials)
      let steps = [next(&history, refused), next(&history, refused)]
      #expect(steps == [.again(region: nil), .giveUp])
      #expect(history.rejection?.credentials == credentials)
    }
  }
}
