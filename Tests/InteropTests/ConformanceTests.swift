import CurlHTTP
import MediaFSTesting
import ObjectStorage
import S3Client
import Testing

/// `S3ObjectStore` keeps the contract of ``ObjectStore`` on servers that others have written.
@Suite(.serialized) struct ConformanceTests {
  /// A check on one of the servers.
  struct Case: Sendable, CustomTestStringConvertible {
    let server: S3Server.Kind
    /// What writes carry.
    let checksum: ChecksumAlgorithm?
    let check: ConformanceCheck

    var traits: StoreTraits { server.traits(using: checksum) }
    var testDescription: String {
      "\(server)\(checksum.map { " with \($0)" } ?? ""): \(check.name)"
    }

    /// Everything without a checksum, and again with each that the server understands.
    static let all = S3Server.tested.flatMap { server in
      let understood = ChecksumAlgorithm.allCases.filter(server.understood.contains)
      return ([nil] + understood.map(Optional.some)).flatMap { checksum in
        ObjectStoreConformance.checks(for: server.traits(using: checksum)).map {
          Case(server: server, checksum: checksum, check: $0)
        }
      }
    }
  }

  @Test(arguments: Case.all)
  func keepsTheContract(_ test: Case) async throws {
    let store = try InteropStore.running(test.server).store
    store.use(test.checksum)
    try await ObjectStoreConformance.run(
      test.check, on: store, prefix: "suite/", traits: test.traits)
  }
}

/// A bucket on a server and the store that is tested on it, one for all checks.
final class InteropStore: Sendable {
  let store: S3ObjectStore
  private let bucket: Bucket

  static func running(_ server: S3Server.Kind) throws -> InteropStore {
    switch server {
    case .ceph: try ceph.get()
    case .ministack: try ministack.get()
    case .swift: try swift.get()
    case .ceph20: try ceph20.get()
    }
  }

  private static let ceph = Result { try InteropStore(.ceph) }
  private static let ministack = Result { try InteropStore(.ministack) }
  private static let swift = Result { try InteropStore(.swift) }
  private static let ceph20 = Result { try InteropStore(.ceph20) }

  private init(_ server: S3Server.Kind) throws {
    let access = try S3Server.running(server).access
    bucket = try Bucket(on: access)
    store = try S3ObjectStore(bucket)
  }
}

extension S3ObjectStore {
  /// - Parameter limits: what a test says that the server can take.
  convenience init(_ bucket: Bucket, limits: StoreLimits = .s3) throws {
    let access = bucket.access
    let http = HTTPTransportOptions(proxy: "")
    let options = S3Options(
      endpoint: S3Endpoint(access.url), region: access.region, bucket: bucket.name,
      credentials: StaticCredentials(
        Credentials(accessKeyID: access.accessKey, secretAccessKey: access.secretKey)),
      http: http, limits: limits)
    self.init(options, transport: try CurlTransport(http))
  }
}
