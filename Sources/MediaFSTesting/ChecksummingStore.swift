package import ObjectStorage
import Synchronization

/// An ``ObjectStore`` around another one that knows checksums, as far as an engine sees them.
package final class ChecksummingStore: ObjectStore {
  private struct State {
    var current: ChecksumAlgorithm?
    var whole: [ObjectKey: ObjectChecksum] = [:]
    var damages = 0
    var completed: [[UploadedPart]] = []
  }

  private let base: MemoryObjectStore
  private let verified: Set<ChecksumAlgorithm>
  private let state = Mutex(State())
  package let checksums: [ChecksumAlgorithm]

  /// - Parameter asked: as configured.
  package init(
    _ base: MemoryObjectStore = MemoryObjectStore(),
    asked: [ChecksumAlgorithm] = ChecksumAlgorithm.allCases, verified: Set<ChecksumAlgorithm>
  ) {
    self.base = base
    checksums = asked
    self.verified = verified
  }

  /// So many objects that are made of parts from now on are others than were sent.
  package func damageObjects(_ count: Int) { state.withLock { $0.damages = count } }

  package var current: ChecksumAlgorithm? { state.withLock { $0.current } }

  /// The parts of which objects were made.
  package var completed: [[UploadedPart]] { state.withLock { $0.completed } }

  package func use(_ checksum: ChecksumAlgorithm?) { state.withLock { $0.current = checksum } }

  package func verifies(
    _ algorithm: ChecksumAlgorithm, at key: ObjectKey
  ) async throws(ObjectStoreError) -> Bool { verified.contains(algorithm) }

  package func createUpload(
    _ key: ObjectKey, headers: ObjectHeaders
  ) async throws(ObjectStoreError) -> UploadID {
    UploadID(try await base.createUpload(key, headers: headers).text, checksum: current)
  }

  package func uploadPart(
    _ key: ObjectKey, _ upload: UploadID, number: Int, _ source: any ObjectSource
  ) async throws(ObjectStoreError) -> UploadedPart {
    var part = try await base.uploadPart(key, upload, number: number, source)
    let bytes = try source.read(at: 0, count: Int(source.length))
    part.checksum = upload.checksum.map { Checksum.of(bytes, $0) }
    return part
  }

  package func completeUpload(
    _ key: ObjectKey, _ upload: UploadID, parts: [UploadedPart], condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    let etag = try await base.completeUpload(key, upload, parts: parts, condition: condition)
    state.withLock { state in
      state.completed.append(parts)
      let isDamaged = state.damages > 0 && !StoreCall(.completeUpload, key).isOfProbe
      state.damages -= isDamaged ? 1 : 0
      state.whole[key] = ObjectChecksum.whole(of: parts).map {
        ObjectChecksum($0.algorithm, $0.value ^ (isDamaged ? 1 : 0))
      }
    }
    return etag
  }

  package func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
    var info = try await base.head(key)
    info.checksum = state.withLock { $0.whole[key] }
    return info
  }
}

// MARK: - What it leaves to the other one

extension ChecksummingStore {
  package var limits: StoreLimits { base.limits }

  package func get(
    _ key: ObjectKey, range: Range<Int64>?, ifMatch: ETag?
  ) async throws(ObjectStoreError) -> ObjectDownload {
    try await base.get(key, range: range, ifMatch: ifMatch)
  }

  package func list(_ request: ListRequest) async throws(ObjectStoreError) -> ListPage {
    try await base.list(request)
  }

  package func put(
    _ key: ObjectKey, _ source: any ObjectSource, headers: ObjectHeaders, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await base.put(key, source, headers: headers, condition: condition)
  }

  package func copy(
    from source: ObjectKey, sourceMatch: ETag?, to target: ObjectKey, headers: ObjectHeaders?,
    condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await base.copy(
      from: source, sourceMatch: sourceMatch, to: target, headers: headers, condition: condition)
  }

  package func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
    try await base.delete(key)
  }

  package func delete(_ key: ObjectKey, ifMatch: ETag) async throws(ObjectStoreError) {
    try await base.delete(key, ifMatch: ifMatch)
  }

  package func delete(
    _ keys: [ObjectKey]
  ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
    try await base.delete(keys)
  }

  package func copyPart(
    from source: ObjectKey, sourceMatch: ETag?, range: Range<Int64>, to key: ObjectKey,
    _ upload: UploadID, number: Int
  ) async throws(ObjectStoreError) -> UploadedPart {
    try await base.copyPart(
      from: source, sourceMatch: sourceMatch, range: range, to: key, upload, number: number)
  }

  package func abortUpload(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) {
    try await base.abortUpload(key, upload)
  }

  package func listUploads(prefix: String) async throws(ObjectStoreError) -> [UnfinishedUpload] {
    try await base.listUploads(prefix: prefix)
  }

  package func listParts(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) -> [UploadedPart] {
    try await base.listParts(key, upload)
  }
}
