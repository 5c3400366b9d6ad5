import ObjectStorage

/// Why one attempt of a call failed.
struct AttemptFailure: Error {
  let error: ObjectStoreError
  /// The region that the store named instead.
  let region: String?
  let mayHaveTakenEffect: Bool
  let isWorthRetrying: Bool
  /// What the store asks for before the next attempt.
  let retryAfter: Duration?
  /// With which the attempt was signed.
  private(set) var credentials: Credentials?

  init(_ error: ObjectStoreError, region: String? = nil, retryAfter: Duration? = nil) {
    self.error = error
    self.region = region
    self.retryAfter = retryAfter
    mayHaveTakenEffect = error.kind == .unavailable && error.code != "NoSuchBucket"
    isWorthRetrying = error.isTransient && error.code != "NoSuchBucket"
  }

  init(_ error: HTTPTransportError) {
    self.error = error.storeError
    region = nil
    retryAfter = nil
    mayHaveTakenEffect = error.mayHaveTakenEffect
    isWorthRetrying = error.isWorthRetrying
  }

  func with(credentials: Credentials) -> AttemptFailure {
    var copy = self
    copy.credentials = credentials
    return copy
  }
}

/// What has happened in a call so far, and what is to happen next. Pure.
struct CallHistory {
  enum Step: Sendable, Hashable {
    /// At once: something was learnt that changes the request.
    case again(region: String?)
    case wait(Duration)
    case giveUp
  }

  private let policy: RetryPolicy
  private let start: Duration
  private let leavesTraces: Bool
  /// That have failed.
  private(set) var attempts = 0
  private var followedRegion = false
  /// An attempt whose answer is not known may have taken effect.
  private(set) var lostAnswer = false
  /// The credentials that the store refused, and how it put that.
  private(set) var rejection: (credentials: Credentials, failure: AttemptFailure)?

  /// - Parameter leavesTraces: an attempt whose answer is not known is the last one.
  init(policy: RetryPolicy, start: Duration, leavesTraces: Bool = false) {
    self.policy = policy
    self.start = start
    self.leavesTraces = leavesTraces
  }

  mutating func next(after failure: AttemptFailure, now: Duration, random: Double) -> Step {
    attempts += 1
    if let region = failure.region, !followedRegion {
      followedRegion = true
      return .again(region: region)
    }
    if Self.areRefused(failure.error), rejection == nil, let credentials = failure.credentials {
      rejection = (credentials, failure)
      return .again(region: nil)
    }
    if failure.mayHaveTakenEffect { lostAnswer = true }
    guard failure.isWorthRetrying, !(leavesTraces && lostAnswer),
      let delay = policy.delay(
        afterAttempt: attempts, elapsed: now - start, random: random, atLeast: failure.retryAfter)
    else { return .giveUp }
    return .wait(delay)
  }

  /// Errors that newer credentials would not have met.
  private static func areRefused(_ error: ObjectStoreError) -> Bool {
    ["ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "TokenRefreshRequired"]
      .contains(error.code)
  }
}
