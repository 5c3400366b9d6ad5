import ObjectStorage
import Synchronization

/// Why a call gave up, and whether an attempt before the last may have taken effect unnoticed.
struct CallFailure: Error {
  let error: ObjectStoreError
  let lostAnswer: Bool
}

/// Sends requests to one bucket: waits for a place, signs, sends, judges the answer, tries again.
final class S3Channel: Sendable {
  let options: S3Options
  let environment: S3Environment
  let signer = Signer()
  private let transport: any HTTPTransport
  private let limit: ConcurrencyLimit
  private let counts = Mutex<[String: Int]>([:])
  /// Of reads; those of writes depend on their bodies.
  private let answerTimes = Mutex(AnswerTimes())
  private let hedges = Mutex(HedgeBudget())
  /// Replaced when the store says that the bucket is elsewhere.
  private let region: Mutex<String>

  init(_ options: S3Options, transport: any HTTPTransport, environment: S3Environment) {
    self.options = options
    self.transport = transport
    self.environment = environment
    limit = ConcurrencyLimit(maximum: options.http.connections)
    region = Mutex(options.region)
  }

  var requestCounts: [String: Int] { counts.withLock { $0 } }
  var concurrency: Int { limit.current }
  var currentRegion: String { region.withLock { $0 } }

  /// Whether bodies have to be hashed with SHA-256.
  var signsPayload: Bool {
    options.payloadSigning == .always || !location(in: currentRegion).endpoint.isEncrypted
  }

  func location(in region: String) -> BucketLocation {
    BucketLocation(
      endpoint: options.endpoint ?? S3Endpoint(region: region), bucket: options.bucket,
      addressing: options.addressing)
  }

  /// Sends until `accept` takes an answer or the call gives up.
  ///
  /// - Parameter accept: gets every answer with a status in 200..<300 and may still refuse it.
  func call<Value: Sendable>(
    _ request: S3Request, _ accept: (S3Answer) async throws(ObjectStoreError) -> Value
  ) async throws(CallFailure) -> Value {
    var history = CallHistory(
      policy: options.retry, start: environment.uptime(), leavesTraces: request.leavesTraces)
    while true {
      let failure: AttemptFailure
      do throws(AttemptFailure) {
        return try await attempt(request, history, accept)
      } catch {
        failure = error
      }
      let step = history.next(
        after: failure, now: environment.uptime(), random: environment.random())
      switch step {
      case .giveUp:
        throw CallFailure(error: failure.error, lostAnswer: history.lostAnswer)
      case .again(let region):
        if let region { self.region.withLock { $0 = region } }
      case .wait(let delay):
        do {
          try await environment.sleep(delay)
        } catch {
          throw CallFailure(
            error: HTTPTransportError.cancelled.storeError, lostAnswer: history.lostAnswer)
        }
      }
    }
  }

  /// The same, for calls that need not know about lost answers.
  func perform<Value: Sendable>(
    _ request: S3Request, _ accept: (S3Answer) async throws(ObjectStoreError) -> Value
  ) async throws(ObjectStoreError) -> Value {
    do throws(CallFailure) {
      return try await call(request, accept)
    } catch {
      throw error.error
    }
  }

  func credentials(rejected: Credentials? = nil) async throws(ObjectStoreError) -> Credentials {
    guard let credentials = try await options.credentials.credentials(rejected: rejected) else {
      throw ObjectStoreError(
        .accessDenied, code: ObjectStoreError.credentialsMissingCode,
        message: "no source has credentials for the store")
    }
    return credentials
  }
}

extension S3Channel {
  private func attempt<Value: Sendable>(
    _ request: S3Request, _ history: CallHistory,
    _ accept: (S3Answer) async throws(ObjectStoreError) -> Value
  ) async throws(AttemptFailure) -> Value {
    let slot: ConcurrencySlot
    let credentials: Credentials
    do throws(ObjectStoreError) {
      slot = try await limit.enter()
      credentials = try await self.credentials(rejected: history.rejection?.credentials)
    } catch {
      throw AttemptFailure(error)
    }
    // The source has nothing newer than what the store has refused.
    if let rejection = history.rejection, rejection.credentials == credentials {
      throw rejection.failure
    }
    let patience = patience(for: request, attempt: history.attempts + 1)
    let response: HTTPResponse
    do throws(HTTPTransportError) {
      response = try await send(request, credentials, patience)
    } catch {
      throw AttemptFailure(error)
    }
    do throws(AttemptFailure) {
      return try await judge(response, request, slot, accept)
    } catch {
      throw error.with(credentials: credentials)
    }
  }

  private func send(
    _ request: S3Request, _ credentials: Credentials, _ patience: Duration
  ) async throws(HTTPTransportError) -> HTTPResponse {
    guard request.operation == .getObject else {
      return try await sendOnce(request, credentials, patience)
    }
    hedges.withLock { $0.asked() }
    guard let lateness = answerTimes.withLock({ $0.lateness }) else {
      return try await sendOnce(request, credentials, patience)
    }
    return try await hedged(after: lateness) { () async throws(HTTPTransportError) in
      try await self.sendOnce(request, credentials, patience)
    }
  }

  private func sendOnce(
    _ request: S3Request, _ credentials: Credentials, _ patience: Duration
  ) async throws(HTTPTransportError) -> HTTPResponse {
    let start = environment.uptime()
    do throws(HTTPTransportError) {
      let response = try await transport.send(signed(request, credentials, patience))
      note(request, environment.uptime() - start)
      return response
    } catch {
      if case .stalled = error.kind { note(request, patience) }
      throw error
    }
  }

  func takesHedge() -> Bool { hedges.withLock { $0.take() } }

  private func judge<Value: Sendable>(
    _ response: HTTPResponse, _ request: S3Request, _ slot: ConcurrencySlot,
    _ accept: (S3Answer) async throws(ObjectStoreError) -> Value
  ) async throws(AttemptFailure) -> Value {
    let error: ObjectStoreError
    var region: String?
    var retryAfter: Duration?
    if (200..<300).contains(response.status) {
      let answer = S3Answer(
        status: response.status, headers: response.headers, body: response.body, slot: slot)
      do throws(ObjectStoreError) {
        let value = try await accept(answer)
        slot.succeeded()
        return value
      } catch let refusal {
        error = refusal
      }
    } else {
      let failure = await Self.failure(response, request)
      let isOver = request.endsWithDamage && S3ErrorTable.isDamage(code: failure.error.code)
      error = isOver ? failure.error.asInvalid : failure.error
      (region, retryAfter) = (failure.region, failure.retryAfter)
    }
    if error.kind == .throttled || response.status == 429 || response.status == 503 {
      slot.throttled()
    }
    throw AttemptFailure(error, region: region, retryAfter: retryAfter)
  }

  /// Made anew for every attempt: time, credentials and region may have changed.
  private func signed(
    _ request: S3Request, _ credentials: Credentials, _ patience: Duration
  ) -> HTTPRequest {
    let region = currentRegion
    let target = location(in: region).target(request.key, query: request.query)
    var headers = request.headers
    signer.sign(
      request.method, target, headers: &headers,
      payload: request.payload?.digest.signature ?? Self.emptyPayload, credentials: credentials,
      scope: SigningScope(time: environment.now(), region: region))
    counts.withLock { $0[request.operation.rawValue, default: 0] += 1 }
    return HTTPRequest(
      method: request.method, url: target.url, headers: headers, body: request.payload?.source,
      stallTimeout: patience, isSentOnce: request.leavesTraces)
  }

  private func patience(for request: S3Request, attempt: Int) -> Duration {
    if request.operation.isServerSideWork { return options.stallTimeout * Self.serverSideFactor }
    guard request.isRead else { return options.stallTimeout }
    return answerTimes.withLock {
      $0.patience(attempt: attempt, limit: options.stallTimeout)
    }
  }

  private func note(_ request: S3Request, _ time: Duration) {
    if request.isRead { answerTimes.withLock { $0.add(time) } }
  }

  /// SHA-256 of nothing.
  private static let emptyPayload = PayloadDigest(bytes: []).signature

  /// A store may copy gigabytes in silence before it answers; several times the usual patience
  /// covers 5 GiB at 20 MB/s. Less would repeat the copy for ever.
  private static let serverSideFactor = 5

  /// Reads the error document. When even that is lost, the status alone has to do.
  private static func failure(_ response: HTTPResponse, _ request: S3Request) async -> S3Failure {
    var document: ErrorDocument?
    if request.method == .head {
      response.body.cancel()
    } else {
      do {
        let bytes = try await S3Answer.collect(response.body, limit: S3Answer.errorSize)
        document = ErrorDocument(body: bytes)
      } catch {
        document = nil
      }
    }
    return S3Failure(
      status: response.status, headers: response.headers, document: document,
      isObjectHead: request.operation == .headObject)
  }
}

extension ObjectStoreError {
  /// The same, as a fault of the request.
  fileprivate var asInvalid: ObjectStoreError {
    ObjectStoreError(
      .invalid, code: code, message: message, httpStatus: httpStatus, requestID: requestID)
  }
}
