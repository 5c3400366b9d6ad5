import ObjectStorage

/// A store that acknowledges deletes and keeps the objects.
struct KeepingStore: ObjectStore {
  private let base: any ObjectStore

  init(_ base: any ObjectStore) {
    self.base = base
  }

  var limits: StoreLimits { base.limits }

  func delete(_ key: ObjectKey) async throws(ObjectStoreError) {}

  func delete(_ key: ObjectKey, ifMatch: ETag) async throws(ObjectStoreError) {}

  func delete(
    _ keys: [ObjectKey]
  ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] { [:] }

  func get(
    _ key: ObjectKey, range: Range<Int64>?, ifMatch: ETag?
  ) async throws(ObjectStoreError) -> ObjectDownload {
    try await base.get(key, range: range, ifMatch: ifMatch)
  }

  func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
    try await base.head(key)
  }

  func list(_ request: ListRequest) async throws(ObjectStoreError) -> ListPage {
    try await base.list(request)
  }

  func put(
    _ key: ObjectKey, _ source: any ObjectSource, headers: ObjectHeaders, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await base.put(key, source, headers: headers, condition: condition)
  }

  func copy(
    from source: ObjectKey, sourceMatch: ETag?, to target: ObjectKey, headers: ObjectHeaders?,
    condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await base.copy(
      from: source, sourceMatch: sourceMatch, to: target, headers: headers, condition: condition)
  }
}

// MARK: - Multipart

extension KeepingStore {
  func createUpload(
    _ key: ObjectKey, headers: ObjectHeaders
  ) async throws(ObjectStoreError) -> UploadID {
    try await base.createUpload(key, headers: headers)
  }

  func uploadPart(
    _ key: ObjectKey, _ upload: UploadID, number: Int, _ source: any ObjectSource
  ) async throws(ObjectStoreError) -> UploadedPart {
    try await base.uploadPart(key, upload, number: number, source)
  }

  func copyPart(
    from source: ObjectKey, sourceMatch: ETag?, range: Range<Int64>, to key: ObjectKey,
    _ upload: UploadID, number: Int
  ) async throws(ObjectStoreError) -> UploadedPart {
    try await base.copyPart(
      from: source, sourceMatch: sourceMatch, range: range, to: key, upload, number: number)
  }

  func completeUpload(
    _ key: ObjectKey, _ upload: UploadID, parts: [UploadedPart], condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await base.completeUpload(key, upload, parts: parts, condition: condition)
  }

  func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws(ObjectStoreError) {
    try await base.abortUpload(key, upload)
  }

  func listUploads(prefix: String) async throws(ObjectStoreError) -> [UnfinishedUpload] {
    try await base.listUploads(prefix: prefix)
  }

  func listParts(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) -> [UploadedPart] {
    try await base.listParts(key, upload)
  }
}
