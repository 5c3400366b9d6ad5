import MediaFSCatalog
import ObjectStorage
import Synchronization

/// An ``ObjectStore`` whose every answer is told to ``StoreHealth``: nothing else says that the
/// store answers. That it does not is said by those who know how long they have tried.
///
/// No object changes, and no upload in parts begins, before the catalog that speaks of it is on
/// disk. So after a power cut, too, the store has nothing of us that the catalog does not know of,
/// or expect.
final class WatchedStore: ObjectStore {
  private let base: any ObjectStore
  private let health: StoreHealth
  private let catalog: Catalog
  private let environment: Environment
  /// When the catalog came to the disk for a change of the store.
  private let synchronized = Mutex(Timestamp.epoch)

  /// Between two times that it comes to the disk: the next one is for all who ask meanwhile.
  private static let pace: Duration = .milliseconds(4)

  init(
    _ base: any ObjectStore, _ health: StoreHealth, _ catalog: Catalog, _ environment: Environment
  ) {
    self.base = base
    self.health = health
    self.catalog = catalog
    self.environment = environment
  }

  var limits: StoreLimits { base.limits }
  var requestCounts: [String: Int] { base.requestCounts }
  var checksums: [ChecksumAlgorithm] { base.checksums }

  func use(_ checksum: ChecksumAlgorithm?) { base.use(checksum) }

  func verifies(
    _ algorithm: ChecksumAlgorithm, at key: ObjectKey
  ) async throws(ObjectStoreError) -> Bool {
    try await change { () async throws(ObjectStoreError) in
      try await base.verifies(algorithm, at: key)
    }
  }

  private func watch<Answer>(
    _ call: () async throws(ObjectStoreError) -> Answer
  ) async throws(ObjectStoreError) -> Answer {
    do throws(ObjectStoreError) {
      let answer = try await call()
      health.answered()
      return answer
    } catch {
      if error.isRefusal { health.answered() }
      throw error
    }
  }

  /// A call that changes what the store has. What is asked for at the same time waits for the disk
  /// once.
  private func change<Answer>(
    _ call: () async throws(ObjectStoreError) -> Answer
  ) async throws(ObjectStoreError) -> Answer {
    let operations = catalog.operations
    let since = environment.now().duration(since: synchronized.withLock { $0 })
    if (.zero..<Self.pace).contains(since) { await environment.sleep(Self.pace - since) }
    do throws(CatalogError) {
      if try catalog.synchronize(upTo: operations) {
        synchronized.withLock { $0 = environment.now() }
      }
    } catch {
      throw .catalog(error)
    }
    return try await watch(call)
  }
}

extension ObjectStoreError {
  /// The store works and has said no. A store that is too busy has answered too, but work for it
  /// has to wait as if it had not.
  var isRefusal: Bool {
    switch kind {
    case .notFound, .preconditionFailed: true
    // Without a status it was this machine that refused: it has no credentials, or no right.
    case .accessDenied, .invalid: httpStatus != nil
    case .throttled, .unavailable, .cancelled: false
    }
  }
}

// MARK: - ObjectStore

extension WatchedStore {
  func get(
    _ key: ObjectKey, range: Range<Int64>?, ifMatch: ETag?
  ) async throws(ObjectStoreError) -> ObjectDownload {
    try await watch { () async throws(ObjectStoreError) in
      try await base.get(key, range: range, ifMatch: ifMatch)
    }
  }

  func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
    try await watch { () async throws(ObjectStoreError) in try await base.head(key) }
  }

  func list(_ request: ListRequest) async throws(ObjectStoreError) -> ListPage {
    try await watch { () async throws(ObjectStoreError) in try await base.list(request) }
  }

  func put(
    _ key: ObjectKey, _ source: any ObjectSource, headers: ObjectHeaders, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await change { () async throws(ObjectStoreError) in
      try await base.put(key, source, headers: headers, condition: condition)
    }
  }

  func copy(
    from source: ObjectKey, sourceMatch: ETag?, to target: ObjectKey, headers: ObjectHeaders?,
    condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await change { () async throws(ObjectStoreError) in
      try await base.copy(
        from: source, sourceMatch: sourceMatch, to: target, headers: headers, condition: condition)
    }
  }

  func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
    try await change { () async throws(ObjectStoreError) in try await base.delete(key) }
  }

  func delete(_ key: ObjectKey, ifMatch: ETag) async throws(ObjectStoreError) {
    try await change { () async throws(ObjectStoreError) in
      try await base.delete(key, ifMatch: ifMatch)
    }
  }

  func delete(
    _ keys: [ObjectKey]
  ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
    try await change { () async throws(ObjectStoreError) in try await base.delete(keys) }
  }

  func createUpload(
    _ key: ObjectKey, headers: ObjectHeaders
  ) async throws(ObjectStoreError) -> UploadID {
    try await change { () async throws(ObjectStoreError) in
      try await base.createUpload(key, headers: headers)
    }
  }

  func uploadPart(
    _ key: ObjectKey, _ upload: UploadID, number: Int, _ source: any ObjectSource
  ) async throws(ObjectStoreError) -> UploadedPart {
    try await watch { () async throws(ObjectStoreError) in
      try await base.uploadPart(key, upload, number: number, source)
    }
  }

  func copyPart(
    from source: ObjectKey, sourceMatch: ETag?, range: Range<Int64>, to key: ObjectKey,
    _ upload: UploadID, number: Int
  ) async throws(ObjectStoreError) -> UploadedPart {
    try await watch { () async throws(ObjectStoreError) in
      try await base.copyPart(
        from: source, sourceMatch: sourceMatch, range: range, to: key, upload, number: number)
    }
  }

  func completeUpload(
    _ key: ObjectKey, _ upload: UploadID, parts: [UploadedPart], condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await change { () async throws(ObjectStoreError) in
      try await base.completeUpload(key, upload, parts: parts, condition: condition)
    }
  }

  func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws(ObjectStoreError) {
    try await watch { () async throws(ObjectStoreError) in
      try await base.abortUpload(key, upload)
    }
  }

  func listUploads(prefix: String) async throws(ObjectStoreError) -> [UnfinishedUpload] {
    try await watch { () async throws(ObjectStoreError) in
      try await base.listUploads(prefix: prefix)
    }
  }

  func listParts(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) -> [UploadedPart] {
    try await watch { () async throws(ObjectStoreError) in
      try await base.listParts(key, upload)
    }
  }
}
