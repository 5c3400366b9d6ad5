import ObjectStorage

/// A copy that is too large for one request, made of parts that the store copies itself.
struct PartwiseCopy: Sendable {
  /// Copies under way at once; the store's work, so a few are enough to hide its latency.
  private static let concurrency = 4
  /// 5 TiB in 10,000 parts needs 525 MiB; smaller parts only cost requests.
  private static let usualPartSize: Int64 = 1 << 30

  let store: S3ObjectStore
  let source: ObjectKey
  let info: ObjectInfo
  let target: ObjectKey
  let headers: ObjectHeaders
  let condition: WriteCondition

  /// Gives the parts up when it fails.
  func run() async throws(ObjectStoreError) -> ETag {
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
    guard try await store.head(source).etag == info.etag else {
      throw ObjectStoreError(
        .preconditionFailed, code: "PreconditionFailed",
        message: "the source became another version while it was copied")
    }
  }

  /// Ranges that cover the object, in order.
  static func ranges(size: Int64, partSize: Int64) -> [Range<Int64>] {
    stride(from: 0, to: size, by: Int(partSize)).map { start in
      start..<min(start + partSize, size)
    }
  }

  private func copyParts(_ upload: UploadID) async throws(ObjectStoreError) -> [UploadedPart] {
    let partSize = min(Self.usualPartSize, store.limits.maximumPartSize)
    let ranges = Array(Self.ranges(size: info.size, partSize: partSize).enumerated())
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
          from: source, sourceMatch: info.etag, range: range, to: target, upload, number: number))
    } catch {
      return .failure(error)
    }
  }
}
