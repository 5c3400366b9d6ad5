import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// When an open file was last looked at for its access time: the look costs a query, and most reads
/// need none.
struct AccessLook: Sendable {
  /// Another look even if nothing has changed; seldom enough to cost nothing.
  private static let interval: Duration = .seconds(3_600)

  private var next = Timestamp.epoch
  private var changes: UInt64 = 0

  /// Whether a read at `now` is the first, or the first after a change.
  mutating func isDue(_ now: Timestamp, changes: UInt64, _ policy: AccessTimePolicy) -> Bool {
    guard policy.mode == .always || now >= next || changes != self.changes else { return false }
    next = now.advanced(by: Self.interval)
    self.changes = changes
    return true
  }
}

extension Volume {
  /// A reader was here.
  func noteRead(_ file: OpenFile) {
    guard !file.flags.contains(.noAccessTime) else { return }
    let now = context.environment.now()
    let changes = file.content.state.withLock { $0.lifecycle.changes }
    let policy = context.options.accessTimes
    guard file.accessTime.withLock({ $0.isDue(now, changes: changes, policy) }),
      let record = try? context.catalog.inode(file.content.inode)
    else { return }
    noteAccess(to: record)
  }

  /// Moves the access time on where the mount's policy wants it. What cannot be noted is lost: a
  /// read does not fail for that.
  func noteAccess(to record: InodeRecord) {
    let now = context.environment.now()
    guard !context.options.readOnly, record.attributesKnown,
      context.options.accessTimes.isOutdated(attributes(record), at: now)
    else { return }
    do throws(CatalogError) {
      try context.catalog.noteAccess(to: record.number, at: now)
    } catch {
      context.log.warning("The access time of inode \(record.number) was not noted: \(error)")
    }
  }
}
