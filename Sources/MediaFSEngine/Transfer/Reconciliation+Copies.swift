import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage

extension Reconciliation {
  /// Has the store copy the content of an inode that is known to be that of another object, so that
  /// no byte is sent. `nil` when it is not, or when that object is another by now.
  func copyKnownContent(
    _ placement: Placement, to key: ObjectKey, headers: ObjectHeaders
  ) async throws(ObjectStoreError) -> StoredObject? {
    let record = placement.inode
    guard let copied = record.copied, copied.version == record.version, copied.key != key else {
      return nil
    }
    let condition = try await conditions.condition(for: placement, at: key)
    do throws(ObjectStoreError) {
      let source = StoredObject(key: copied.key, etag: copied.etag, size: record.size)
      let etag = try await conditions.copy(source, to: key, headers: headers, condition)
      return StoredObject(key: key, etag: etag, size: record.size)
    } catch {
      guard error.kind == .notFound || error.kind == .preconditionFailed else { throw error }
      // The bytes are here too; the upload finds out whether it is the target that has changed.
      context.log.info("Inode \(record.number) is sent, not copied: \(error)")
      try catalog { try $0.forgetCopy(of: record.number) }
      return nil
    }
  }
}
