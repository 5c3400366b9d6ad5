import MediaFSCatalog
import ObjectStorage
import Synchronization

extension VolumeContext {
  /// Has the store copy one of its objects, if it is still the version that we know.
  ///
  /// Beyond what one request takes (S3 CopyObject: 5 GiB) it is made of parts, which the store
  /// keeps, and has paid for, when we die on the way: it is noted before, and looked after then.
  ///
  /// - Parameter headers: `nil` keeps those of the source.
  func copy(
    _ source: StoredObject, to key: ObjectKey, headers: ObjectHeaders?, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    let isInParts = source.size > store.limits.putSize
    defer { if isInParts { partCopies.withLock { _ = $0.remove(key) } } }
    if isInParts {
      partCopies.withLock { _ = $0.insert(key) }
      try asked { try $0.willCopyParts(to: key) }
    }
    return try await store.copy(
      from: source.key, sourceMatch: source.etag, to: key, headers: headers, condition: condition)
  }
}
