import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

extension Reconciler {
  /// How often a flush makes due what has come to the queue meanwhile.
  private static let hasteInterval: Duration = .seconds(1)

  /// Makes what is queued beneath an inode due now and returns when the store has it. `EIO` when
  /// something was parked instead, or when `limit` has passed.
  func drain(
    beneath inode: InodeNumber, _ operation: String, limit: Duration
  ) async throws(FileSystemError) {
    let end = context.environment.now().advanced(by: limit)
    var nextHaste = Timestamp.epoch
    while true {
      let event = progress.event
      let now = context.environment.now()
      do throws(CatalogError) {
        // Not at every step: a file that goes on changing would be looked at without a pause.
        if now >= nextHaste {
          try context.catalog.hasten(beneath: inode, at: now)
          nextHaste = now.advanced(by: Self.hasteInterval)
        }
        let pending = try context.catalog.pending(beneath: inode)
        // Those too that what was just finished has left behind: the time is taken after it.
        if inode == .root { try reviveHeldDeletes(now) }
        let deletes =
          inode == .root ? try context.catalog.dueDeletes(by: context.environment.now()) : 0
        if pending.waiting == 0, deletes == 0 {
          guard pending.parked == 0 else {
            throw CatalogError.rule(.ioError)
          }
          return
        }
      } catch {
        throw FileSystemError(error, operation)
      }
      changed.signal()
      guard now < end else {
        throw FileSystemError(.ioError, operation, "Not everything was uploaded in \(limit)")
      }
      do throws(FileSystemError) {
        try await event.wait(
          operation, for: min(end.duration(since: now), Self.hasteInterval), context.environment)
      } catch  where error.errno == .ioError {
        continue  // Time is up: looks once more.
      }
    }
  }

  /// Makes due what was put off for readers who are gone, or have every byte by now.
  private func reviveHeldDeletes(_ now: Timestamp) throws(CatalogError) {
    let needed = context.registry.neededKeys
    let free = state.withLock { state in
      let free = state.held.subtracting(needed)
      state.held.subtract(free)
      return free
    }
    if !free.isEmpty { try context.catalog.postpone(Array(free), until: now, error: nil) }
  }
}
