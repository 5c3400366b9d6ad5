import CurlHTTP
import MediaFSCore
import MediaFSEngine
import ObjectStorage
import S3Client

/// The store of a mount, ready to be asked.
struct StoreConnection: Sendable {
  private enum Kind: Sendable {
    /// `probe` asks the same bucket with less patience, for the start-up check.
    case bucket(S3ObjectStore, probe: S3ObjectStore, any HTTPTransport)
    case directory(DirectoryObjectStore)
  }

  /// The start-up check tries twice, because somebody waits for it.
  private static let probePolicy = RetryPolicy(attempts: 2, deadline: .seconds(20))

  private let kind: Kind
  private let settings: StoreSettings

  /// - Parameter createsDirectory: false for a `file://` store that was there before: an empty
  ///   directory in its place, because a disk is not mounted, would look as if all were deleted.
  init(
    _ plan: MountPlan, environment: [String: String], createsDirectory: Bool
  ) throws(Failure) {
    settings = plan.store
    switch plan.source.place {
    case .bucket(let name):
      kind = try Self.bucket(name, plan, environment)
    case .directory(let path):
      do throws(ObjectStoreError) {
        kind = .directory(
          try DirectoryObjectStore(directory: path, createsDirectory: createsDirectory))
      } catch {
        throw Failure(.storeUnreachable, "cannot reach the store in \(path): \(error.message)")
      }
    }
  }

  var store: any ObjectStore {
    switch kind {
    case .bucket(let store, _, _): store
    case .directory(let store): store
    }
  }

  /// Asks whether the namespace can be used.
  func verify(prefix: String) async throws(ObjectStoreError) {
    switch kind {
    case .bucket(_, let probe, _): try await probe.verifyBucket(prefix: prefix)
    case .directory(let store):
      _ = try await store.list(
        ListRequest(prefix: prefix, foldsDirectories: true, pageSize: 1))
    }
  }

  /// The region that the bucket turned out to be in; `nil` for a store without regions.
  var region: String? {
    switch kind {
    case .bucket(_, let probe, _): probe.region
    case .directory: nil
    }
  }

  /// Where requests go, for messages.
  var address: String {
    switch kind {
    case .bucket(_, let probe, _): settings.endpoint ?? S3Endpoint(region: probe.region).description
    case .directory: "this machine"
    }
  }

  /// What time the server has, by the date of an answer to nobody in particular.
  func serverTime() async -> Timestamp? {
    guard case .bucket(_, _, let transport) = kind else { return nil }
    let request = HTTPRequest(
      method: .head, url: address + "/", stallTimeout: settings.stallTimeout)
    guard let response = try? await transport.send(request) else { return nil }
    response.body.cancel()
    return response.headers["date"].flatMap(HTTPDate.parse)
  }
}

extension StoreConnection {
  private static func bucket(
    _ name: String, _ plan: MountPlan, _ environment: [String: String]
  ) throws(Failure) -> Kind {
    let settings = plan.store
    let http = HTTPTransportOptions(
      connections: settings.connections, connectTimeout: settings.connectTimeout,
      caFile: settings.certificateFile, proxy: settings.proxy)
    let transport: CurlTransport
    do throws(HTTPTransportError) {
      transport = try CurlTransport(http)
    } catch {
      throw Failure(.failure, "the network cannot be used: \(error.message)")
    }
    var options = S3Options(
      endpoint: settings.endpoint.flatMap { S3Endpoint($0) }, region: settings.region,
      bucket: name, addressing: settings.addressing,
      credentials: CredentialChain.standard(
        environment: environment, profile: settings.profile, file: settings.credentialsFile),
      http: http, stallTimeout: settings.stallTimeout,
      storageClass: plan.volume.storageClass, checksum: settings.checksum)
    let store = S3ObjectStore(options, transport: transport)
    options.retry = probePolicy
    let probe = S3ObjectStore(options, transport: transport)
    return .bucket(store, probe: probe, transport)
  }
}
