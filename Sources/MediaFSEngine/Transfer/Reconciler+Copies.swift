import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Work on an inode and its keys that the reconciler leaves to somebody else meanwhile.
struct ReconcilerClaim: Sendable {
  let inode: InodeNumber
  let keys: Set<ObjectKey>
}

extension Reconciler {
  /// How long an object that is made aside may take; it is deleted after that if nobody has taken
  /// it. Longer than the largest copy.
  private static let asidePatience: Duration = .seconds(6 * 3_600)
  /// Bytes a second at which a copy within a store is still waited for: fetching would take longer.
  private static let slowestCopy: Int64 = 32 << 20

  /// Copies an object to a key of mediafs's own, for a file that will have its content. Waits until
  /// the deadline, and for a large one longer.
  func copyAside(
    _ object: StoredObject, for inode: InodeNumber
  ) async throws(FileSystemError) -> StoredObject {
    let operation = "copy_file_range"
    let number = UInt64(context.environment.random() * Double(1 << 53))
    let key = ObjectKey(
      context.keySpace.reservedPrefix + "copy-\(inode)-" + String(number, radix: 36))
    let now = context.environment.now()
    do throws(CatalogError) {
      try context.catalog.expect(key, until: now.advanced(by: Self.asidePatience), at: now)
    } catch {
      throw FileSystemError(error, operation)
    }
    let copied = Deferred<ETag>()
    let work = context.environment.spawn("copy") { [self] in
      do throws(ObjectStoreError) {
        try await conditions.checkSource(object.etag, at: object.key)
        copied.resolve(
          .success(
            try await context.copy(object, to: key, headers: nil, condition: .none)))
      } catch {
        copied.resolve(.failure(FileSystemError(error, operation)))
      }
    }
    let limit = context.options.networkDeadline + .seconds(object.size / Self.slowestCopy)
    do throws(FileSystemError) {
      let etag = try await copied.wait(operation, for: limit, context.environment)
      return StoredObject(key: key, etag: etag, size: object.size)
    } catch {
      work.cancel()
      throw error
    }
  }
}
