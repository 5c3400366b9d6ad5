import MediaFSCatalog
import MediaFSCache
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

extension Volume: VolumeControl {
  /// Items shown of what is parked: the rest is in the logs.
  private static let parkedLimit = 100

  package func status() throws(FileSystemError) -> VolumeStatus {
    context.space.count()
    return try ask("status") { catalog in
      let total = try catalog.fileTotals()
      let local = try catalog.localTotals()
      let dirty = try catalog.dirtyTotals()
      let uploads = try catalog.uploadTotals()
      let deletes = try catalog.deleteTotals()
      let active = reconciler.activeCount
      let options = context.options
      let statistics = context.statistics
      return VolumeStatus(
        source: options.source, mountpoint: options.mountpoint, offline: offlineText,
        paused: reconciler.isPaused,
        total: .init(files: total.files, bytes: total.bytes),
        local: .init(files: local.files, bytes: local.bytes),
        dirty: .init(files: dirty.files, bytes: dirty.bytes),
        remoteOnly: .init(
          files: max(0, total.files - local.files), bytes: max(0, total.bytes - local.bytes)),
        uploads: queue(uploads, active: active.uploads),
        downloads: .init(
          waiting: .init(), active: context.registry.fetchCount, oldestAge: nil, retries: 0,
          lastError: nil),
        deletes: queue(deletes, active: active.deletes),
        parked: try parked(catalog),
        cache: .init(
          bytes: context.space.account.used, limit: options.cacheSize,
          hits: statistics.hits.count, misses: statistics.misses.count,
          evictions: statistics.evictions.count, damaged: statistics.damagedBlocks.count,
          full: try shortage(dirty.bytes, catalog)),
        passthrough: context.accesses.status,
        conflicts: statistics.conflicts.count,
        violations: statistics.violations.withLock { $0 }, quarantine: quarantine,
        requests: context.store.requestCounts)
    }
  }

  private var quarantine: VolumeStatus.Count {
    guard let found = try? context.disk.quarantined() else { return .init() }
    return .init(files: found.files, bytes: found.bytes)
  }

  /// The least that a write needs.
  private static let smallWrite: Int64 = 128 << 10

  private func shortage(_ dirty: Int64, _ catalog: Catalog) throws(CatalogError) -> String? {
    let account = context.space.account
    if account.isDiskFull { return "its disk is full" }
    var kept = dirty
    // What is being written is longer than its row says.
    for content in context.registry.all where !content.shape.isSettled {
      kept += max(0, content.residentBytes - (try catalog.inode(content.inode)?.size ?? 0))
    }
    let room = account.limit - account.readersRoom - min(kept, account.used)
    return room < Self.smallWrite ? "nothing is left but what is not uploaded yet" : nil
  }

  private var offlineText: String? {
    context.health.offline.map { offline in
      let age = context.environment.now().duration(since: offline.since).components.seconds
      return "for \(age) s: \(offline.error)"
    }
  }

  private func queue(_ totals: QueueTotals, active: Int) -> VolumeStatus.Queue {
    let now = context.environment.now()
    return VolumeStatus.Queue(
      waiting: .init(files: totals.files, bytes: totals.bytes), active: active,
      oldestAge: totals.oldest.map { now.duration(since: $0) / .seconds(1) },
      retries: totals.attempts, lastError: totals.lastError)
  }

  private func parked(_ catalog: Catalog) throws -> [VolumeStatus.Parked] {
    let parked = try catalog.parked(limit: Self.parkedLimit)
    let inodes = try parked.inodes.map { inode, error in
      let path = try catalog.path(of: inode)?.map(\.text).joined(separator: "/")
      return VolumeStatus.Parked(path: path ?? "inode \(inode)", error: error)
    }
    return inodes
      + parked.keys.map { VolumeStatus.Parked(path: "delete of \($0.0)", error: $0.1) }
  }

  package func pending(
    beneath path: String?
  ) throws(FileSystemError) -> VolumeStatus.Count {
    let inode = try resolve(path)
    let now = context.environment.now()
    return try ask("status") { catalog in
      let pending = try catalog.pending(beneath: inode)
      let deletes = inode == .root ? try catalog.dueDeletes(by: now) : 0
      return VolumeStatus.Count(
        files: pending.waiting + pending.parked + deletes, bytes: pending.bytes)
    }
  }

  package func flush(beneath path: String?) async throws(FileSystemError) {
    let inode = try resolve(path)
    for content in context.registry.all {
      try content.settle(context.catalog, now: context.environment.now())
    }
    // The caller decides how long to wait, by cancelling.
    try await reconciler.drain(beneath: inode, "flush", limit: nil)
  }

  package func verify(
    beneath path: String?, repairing: Bool,
    progress: @escaping @Sendable (VolumeStatus.Count) -> Void
  ) async throws(FileSystemError) -> Verification {
    let inode = try resolve(path)
    return try await Verifier(context: context, downloader: downloader, isRepairing: repairing)
      .run(beneath: inode, progress: progress)
  }

  package func setPaused(_ paused: Bool) {
    reconciler.isPaused = paused
  }

  package func retry(beneath path: String?) throws(FileSystemError) -> Int {
    let inode = try resolve(path)
    let now = context.environment.now()
    let count = try ask("retry") { try $0.retry(beneath: inode, at: now) }
    reconciler.journalChanged()
    return count
  }

  private func resolve(_ path: String?) throws(FileSystemError) -> InodeNumber {
    guard let path else { return .root }
    var names: [FileName] = []
    for part in path.split(separator: "/") {
      guard let name = FileName(String(part)) else {
        throw FileSystemError(.invalidArgument, "status", "\(part) cannot be a name")
      }
      names.append(name)
    }
    guard let inode = try ask("status", { try $0.resolve(names) }) else {
      throw FileSystemError(.noSuchFileOrDirectory, "status", "There is no \(path) here")
    }
    return inode
  }
}
