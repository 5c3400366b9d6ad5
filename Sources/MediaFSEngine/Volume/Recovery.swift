import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import SystemPackage

/// Repairs what a killed daemon left half said. Idempotent: a crash in the middle repeats it.
struct Recovery {
  let catalog: Catalog
  let disk: any ContentDisk
  let environment: Environment
  let log: Logger

  /// What has to be done before the first operation: few rows, however large the catalog.
  func settle() throws(CatalogError) {
    for record in try catalog.unsettled() { settle(record) }
    for inode in try catalog.orphans() {
      _ = try catalog.eraseIfOrphan(inode)
    }
  }

  /// A file that was being written: its content file knows what was acknowledged last. What fails
  /// is made good when somebody looks at the file.
  private func settle(_ record: InodeRecord) {
    do {
      let status = try disk.status(of: record.content)
      if record.size == 0, record.object == nil, status?.size ?? 0 == 0 {
        // Its name was made, and no more.
        return try catalog.settle(
          record.number, ContentState(size: 0, modified: record.modified), at: environment.now())
      }
      guard let status else {
        log.error("Inode \(record.number) has lost its content file \(record.content)")
        return
      }
      let state = ContentState(
        size: status.size, modified: Timestamp(nanosecondsSinceEpoch: status.modified),
        holes: try holes(of: record, size: status.size))
      try catalog.settle(record.number, state, at: environment.now())
      log.notice("Recovered inode \(record.number), \(status.size) bytes")
    } catch {
      log.error("Inode \(record.number) cannot be recovered yet: \(error)")
    }
  }

  /// Those that the disk knows: what was written into one, or made one, was not recorded yet.
  private func holes(of record: InodeRecord, size: Int64) throws(Errno) -> ByteRangeSet? {
    // Without it all of the file counts, which is told by the caller's errors.
    guard let present = try? catalog.extents(of: record.content) else { return nil }
    let data = try disk.open(record.content).dataExtents(in: 0..<size)
    return FileLifecycle.holes(
      size: size, baseSize: min(record.baseSize, size), present: present, data: data)
  }

  /// Between the looks at two of the 256 directories of content files. All that are used: a
  /// million takes some ten seconds of a processor, which nobody is to notice.
  static let pause: Duration = .milliseconds(5)

  /// Looks for content files that nothing knows, behind the running mount, and sets them aside:
  /// they may be all that is left of something. Deletes none but those without a byte: a file that
  /// was being made when the daemon died.
  func quarantineStrays() async {
    for bucket in 0..<256 where !Task.isCancelled {
      await environment.sleep(Self.pause)
      do {
        for content in try disk.contents(ofBucket: bucket) {
          guard isStray(content) else { continue }
          try setAside(content)
        }
      } catch {
        log.warning("Content files were not inspected: \(error)")
      }
    }
  }

  /// Who makes a file makes its content file first, so this is done while nobody can.
  private func setAside(_ content: ContentNumber) throws {
    try catalog.whileUnknown(content) {
      guard let status = try disk.status(of: content) else { return }
      if status.size == 0 { return try disk.remove(content) }
      try disk.quarantine(content)
      log.warning("Content file \(content) belongs to nothing and was set aside")
    }
  }

  /// False also when that cannot be told.
  private func isStray(_ content: ContentNumber) -> Bool {
    do throws(CatalogError) {
      return try catalog.owner(of: content) == nil
    } catch {
      return false
    }
  }
}
