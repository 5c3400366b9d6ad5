import Logging
import MediaFSCatalog
import ObjectStorage
import Synchronization

extension VolumeContext {
  /// Has the store copy one of its objects, if it is still the version that we know.
  ///
  /// Beyond what one request takes (S3 CopyObject: 5 GiB) it is made of parts.
  ///
  /// - Parameter headers: `nil` keeps those of the source.
  func copy(
    _ source: StoredObject, to key: ObjectKey, headers: ObjectHeaders?, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    func copy() async throws(ObjectStoreError) -> ETag {
      try await store.copy(
        from: source.key, sourceMatch: source.etag, to: key, headers: headers,
        condition: condition)
    }
    return source.size > store.limits.putSize
      ? try await makingParts(at: key) { () async throws(ObjectStoreError) in try await copy() }
      : try await copy()
  }

  /// The same in parts of whatever size, whose end has the condition. `nil` where the store does
  /// not copy parts.
  func copyInParts(
    _ source: StoredObject, to key: ObjectKey, headers: ObjectHeaders?, _ condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag? {
    guard copiesParts.withLock({ $0 }) else { return nil }
    var kept = headers
    if kept == nil { kept = try await store.head(source.key).headers }
    let copy = PartwiseCopy(
      store, from: source.key, source.etag, size: source.size, to: key,
      headers: kept ?? ObjectHeaders(), condition: condition)
    do throws(ObjectStoreError) {
      return try await makingParts(at: key) { () async throws(ObjectStoreError) in
        try await copy.run()
      }
    } catch {
      guard refusesPartCopies(error) else { throw error }
      return nil
    }
  }

  /// Whether an error says that the store knows no copy of a range (S3 UploadPartCopy). If so, none
  /// is asked for until the next start: taken for damage, each change of a large file would be
  /// parked.
  func refusesPartCopies(_ error: ObjectStoreError) -> Bool {
    let codes = ["NotImplemented", "MethodNotAllowed", "InvalidRequest", "InvalidArgument"]
    guard codes.contains(error.code) else { return false }
    copiesParts.withLock { $0 = false }
    log.notice("The store does not copy ranges of objects: \(error)")
    return true
  }

  /// Makes an object of parts, which the store keeps, and has paid for, when we die on the way: it
  /// is noted before, and looked after then.
  func makingParts<Answer>(
    at key: ObjectKey, _ make: () async throws(ObjectStoreError) -> Answer
  ) async throws(ObjectStoreError) -> Answer {
    partCopies.withLock { _ = $0.insert(key) }
    defer { partCopies.withLock { _ = $0.remove(key) } }
    let isOnlyOne = try asked { try $0.willMakeParts(at: key) }
    let answer = try await make()
    // What was begun there before is still to be looked for.
    if isOnlyOne { try asked { try $0.aborted(UploadID(""), of: key) } }
    return answer
  }
}
