import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

extension Reconciler {
  /// How often a flush makes due what has come to the queue meanwhile.
  private static let hasteInterval: Duration = .seconds(1)
  /// Between two looks at a queue that goes down.
  private static let pace: Duration = .milliseconds(20)

  /// Makes what is queued beneath an inode due now and returns when the store has it. `EIO`, with
  /// the reason, when something was parked instead, or `limit` has passed.
  ///
  /// - Parameter limit: `nil` for as long as it can succeed: `EIO` where uploads are paused.
  func drain(
    beneath inode: InodeNumber, _ operation: String, limit: Duration?
  ) async throws(FileSystemError) {
    let end = limit.map { context.environment.now().advanced(by: $0) }
    var nextHaste = Timestamp.epoch
    var witness: InodeNumber?
    while true {
      let event = progress.event
      let now = context.environment.now()
      let parked: Int?
      // Asked first: what ends meanwhile is gone from the catalog then.
      let isIdle = isPaused && activeCount == (0, 0)
      do throws(CatalogError) {
        // Not at every step: a file that goes on changing would be looked at without a pause.
        if now >= nextHaste {
          try context.catalog.hasten(beneath: inode, at: now)
          nextHaste = now.advanced(by: Self.hasteInterval)
        }
        witness = try context.catalog.waiting(beneath: inode, last: witness)
        parked = try witness == nil ? parkedOnly(beneath: inode, now) : nil
      } catch {
        throw FileSystemError(error, operation)
      }
      if let parked {
        guard parked > 0 else { return }
        throw FileSystemError(.ioError, operation, Self.text(parked: parked))
      }
      changed.signal()
      var pause = Self.hasteInterval
      if let end, let limit {
        guard now < end else {
          let reason = obstacle(to: inode).map { ": \($0)" } ?? ""
          throw FileSystemError(
            .ioError, operation, "Not everything was uploaded in \(limit)" + reason)
        }
        pause = min(pause, end.duration(since: now))
      } else if isIdle {
        throw FileSystemError(.ioError, operation, Self.pausedText)
      }
      do throws(FileSystemError) {
        try await event.wait(operation, for: pause, context.environment)
        await context.environment.sleep(Self.pace)
      } catch  where error.errno == .ioError {
        continue  // Time is up: looks once more.
      }
    }
  }

  /// How much is parked; `nil` while anything waits.
  private func parkedOnly(
    beneath inode: InodeNumber, _ now: Timestamp
  ) throws(CatalogError) -> Int? {
    let pending = try context.catalog.pending(beneath: inode)
    if inode == .root {
      try reviveHeldDeletes(now)
      // Those too that what was just finished has left behind, however late: it is asked first.
      if let due = try context.catalog.nextDelete(), due <= context.environment.now() { return nil }
    }
    return pending.waiting == 0 ? pending.parked : nil
  }

  private static func text(parked count: Int) -> String {
    (count == 1 ? "1 file is parked" : "\(count) files are parked")
      + ": `mediafs status` says why, `mediafs retry` tries again"
  }

  private static let pausedText = "uploads are paused: `mediafs resume` starts them"

  /// Why an inode is not uploaded, as far as that is known.
  private func obstacle(to inode: InodeNumber) -> String? {
    if isPaused { return Self.pausedText }
    if let offline = context.health.offline {
      return "the store does not answer: \(offline.error)"
    }
    return (try? context.catalog.journalError(of: inode)) ?? nil
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
