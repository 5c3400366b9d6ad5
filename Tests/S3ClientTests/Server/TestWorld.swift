import ObjectStorage
import Synchronization

@testable import CurlHTTP
@testable import S3Client

/// Clocks and dice of a test: time passes only when somebody looks or waits.
final class TestWorld: Sendable {
  private let seconds = Mutex(Int64(1_369_353_600))
  private let waited = Mutex<[Duration]>([])

  var waits: [Duration] { waited.withLock { $0 } }

  var environment: S3Environment {
    S3Environment(
      now: { [self] in
        Timestamp(
          seconds: seconds.withLock { seconds in
            seconds += 1
            return seconds
          })
      },
      uptime: { .zero }, random: { 0.5 },
      sleep: { [self] delay in waited.withLock { $0.append(delay) } })
  }

  /// The real client, talking to a server of this test.
  func store(
    port: Int, retry: RetryPolicy = .never, stallTimeout: Duration = .seconds(30),
    checksum: ChecksumMode = .auto, limits: StoreLimits = .s3
  ) throws -> S3ObjectStore {
    let http = HTTPTransportOptions(connections: 4, proxy: "")
    let options = S3Options(
      endpoint: S3Endpoint("http://127.0.0.1:\(port)"), bucket: "media",
      credentials: StaticCredentials(Credentials(accessKeyID: "ID", secretAccessKey: "SECRET")),
      http: http, stallTimeout: stallTimeout, retry: retry, checksum: checksum,
      limits: limits)
    return S3ObjectStore(options, transport: try CurlTransport(http), environment: environment)
  }

  /// Three attempts whose waits are told apart.
  static let threeAttempts = RetryPolicy(
    attempts: 3, base: .seconds(2), cap: .seconds(60), deadline: .seconds(60))
}

extension S3ObjectStore {
  /// A whole object as text.
  func text(
    _ key: String = "key", range: Range<Int64>? = nil, ifMatch: ETag? = nil
  ) async throws(ObjectStoreError) -> String {
    let download = try await get(ObjectKey(key), range: range, ifMatch: ifMatch)
    return String(decoding: try await download.body.collect(), as: UTF8.self)
  }

  func put(
    _ text: String, _ condition: WriteCondition = .none
  ) async throws(ObjectStoreError) -> ETag {
    try await put(
      ObjectKey("key"), BytesSource(Array(text.utf8)), headers: ObjectHeaders(),
      condition: condition)
  }
}

/// The error that a call to a store fails with; `nil` when it does not.
func failure<Value>(_ call: () async throws -> Value) async -> ObjectStoreError? {
  do {
    _ = try await call()
    return nil
  } catch {
    return error as? ObjectStoreError
  }
}
