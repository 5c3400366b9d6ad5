import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Keeps the disk and the catalog in step behind the running mount: brings content files to the
/// disk that nobody synchronizes, so that a power cut takes little of them, and removes those that
/// the catalog has condemned, once it has done so for good.
final class DiskKeeper: Sendable {
  /// How often it looks: the kernel writes back by itself what is as old.
  private static let interval: Duration = .seconds(30)
  /// Content files looked at together. Of more, the whole filesystem is synchronized at once.
  private static let batch = 64
  private static let wholeBatch = 100_000
  /// Removed after one synchronization of the catalog, and forgotten in one transaction.
  private static let removedBatch = 500

  private let catalog: Catalog
  private let disk: any ContentDisk
  private let environment: Environment
  private let log: Logger
  private let state = Mutex((next: Timestamp.epoch, condemned: 0))
  private let removing = Mutex(())

  init(catalog: Catalog, disk: any ContentDisk, environment: Environment, log: Logger) {
    self.catalog = catalog
    self.disk = disk
    self.environment = environment
    self.log = log
  }

  /// A content file is to be removed.
  func noteCondemned() {
    state.withLock { $0.condemned += 1 }
  }

  /// Whether there is something to ``keep()``; true once for each time.
  func isDue() -> Bool {
    let now = environment.now()
    return state.withLock { state in
      guard state.next <= now || state.condemned >= Self.removedBatch else { return false }
      state = (now.advanced(by: Self.interval), 0)
      return true
    }
  }

  /// Everything that can be on the disk is then. Blocks for the disk.
  func keep() {
    synchronize()
    removeCondemned()
  }

  /// Removes the content files that nothing refers to. Their room is wanted.
  func removeCondemned() {
    removing.withLock { _ in removeAllCondemned() }
  }

  private func removeAllCondemned() {
    do throws(CatalogError) {
      while true {
        let condemned = try catalog.condemned(limit: Self.removedBatch)
        if condemned.isEmpty { return }
        try catalog.synchronize()
        let removed = condemned.filter { remove($0) }
        if removed.isEmpty { return }
        try catalog.forget(removed)
      }
    } catch {
      log.error("Content files to be removed were not looked for: \(error)")
    }
  }

  private func remove(_ content: ContentNumber) -> Bool {
    do throws(Errno) {
      try disk.remove(content)
      return true
    } catch {
      log.warning("Content file \(content) was not removed: \(error)")
      return false
    }
  }

  private func synchronize() {
    do {
      var unsynced = try catalog.unsynced(limit: Self.batch)
      if unsynced.isEmpty { return }
      if unsynced.count < Self.batch {
        try synchronize(unsynced)
      } else {
        unsynced = try catalog.unsynced(limit: Self.wholeBatch)
        do throws(Errno) {
          try disk.synchronizeFilesystem()
        } catch {
          // Which of them it was is what each of them says.
          try synchronize(unsynced)
        }
      }
      try catalog.synced(unsynced)
      try catalog.synchronize()
    } catch {
      log.warning("Content files were not synchronized: \(error)")
    }
  }

  /// What the disk does not take stays marked, and is not sent before somebody has looked at it.
  private func synchronize(_ contents: [UnsyncedContent]) throws(CatalogError) {
    for content in contents {
      do throws(Errno) {
        try disk.synchronize(content.content)
      } catch {
        try catalog.doubt(content.content)
        log.critical(
          "The cache disk fails to take content file \(content.content): \(error)",
          metadata: ["cure": "mend or replace the disk, then unmount and mount again"])
      }
    }
  }
}
