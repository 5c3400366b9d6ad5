/// A copy made of parts that the store copies itself: of an object that is too large for one
/// request, or with a condition that the store checks at the end of an upload only.
package struct PartwiseCopy: Sendable {
  /// Copies under way at once; the store's work, so a few are enough to hide its latency.
  private static let concurrency = 4
  /// 5 TiB in 10,000 parts needs 525 MiB; smaller parts only cost requests.
  private static let usualPartSize: Int64 = 1 << 30

  private let store: any ObjectStore
  private let source: ObjectKey
  private let version: ETag
  private let size: Int64
  private let target: ObjectKey
  private let headers: ObjectHeaders
  private let condition: WriteCondition

  /// - Parameters:
  ///   - version: of the source, which has `size` bytes.
  ///   - headers: of the copy.
  package init(
    _ store: any ObjectStore, from source: ObjectKey, _ version: ETag, size: Int64,
    to target: ObjectKey, headers: ObjectHeaders, condition: WriteCondition
  ) {
    (self.store, self.source, self.version, self.size) = (store, source, version, size)
    (self.target, self.headers, self.condition) = (target, headers, condition)
  }

  /// Gives the parts up when it fails.
  package func run() async throws(ObjectStoreError) -> ETag {
    guard size > 0 else {
      // No part can be copied of it.
      try await checkSource()
      return try await store.put(
        target, BytesSource([]), headers: headers, condition: condition)
    }
    let upload = try await store.createUpload(target, headers: headers)
    do {
      let parts = try await copyParts(upload)
      try await checkSource()
      return try await store.completeUpload(target, upload, parts: parts, condition: condition)
    } catch {
      // A task that is cancelled can send nothing any more: then, as when this fails, the parts
      // are left to the sweep of unfinished uploads.
      try? await store.abortUpload(target, upload)
      throw error
    }
  }

  /// Not every store that looks at the version for CopyObject does so for UploadPartCopy.
  private func checkSource() async throws(ObjectStoreError) {
    guard try await store.head(source).etag == version else {
      throw ObjectStoreError(
        .preconditionFailed, code: "PreconditionFailed",
        message: "the source became another version while it was copied")
    }
  }

  /// Ranges that cover the object, in order.
  package static func ranges(size: Int64, partSize: Int64) -> [Range<Int64>] {
    stride(from: 0, to: size, by: Int(partSize)).map { start in
      start..<min(start + partSize, size)
    }
  }

  private func copyParts(_ upload: UploadID) async throws(ObjectStoreError) -> [UploadedPart] {
    let partSize = min(Self.usualPartSize, store.limits.maximumPartSize)
    let ranges = Array(Self.ranges(size: size, partSize: partSize).enumerated())
    let result = await withTaskGroup(of: Result<UploadedPart, ObjectStoreError>.self) { group in
      var rest = ranges[...]
      func startNext() {
        guard let (index, range) = rest.popFirst() else { return }
        group.addTask { await copyPart(upload, number: index + 1, range) }
      }
      for _ in 0..<Self.concurrency { startNext() }
      var parts: [UploadedPart] = []
      var failure: ObjectStoreError?
      while let result = await group.next() {
        switch result {
        case .success(let part): parts.append(part)
        case .failure(let error):
          failure = failure ?? error
          group.cancelAll()
        }
        if failure == nil { startNext() }
      }
      return failure.map(Result.failure) ?? .success(parts)
    }
    return try result.get()
  }

  private func copyPart(
    _ upload: UploadID, number: Int, _ range: Range<Int64>
  ) async -> Result<UploadedPart, ObjectStoreError> {
    do {
      return .success(
        try await store.copyPart(
          from: source, sourceMatch: version, range: range, to: target, upload, number: number))
    } catch {
      return .failure(error)
    }
  }
}
