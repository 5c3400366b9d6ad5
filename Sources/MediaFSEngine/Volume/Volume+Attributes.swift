import MediaFSCache
import MediaFSCatalog
package import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

extension Volume {
  package func attributes(
    of inode: InodeNumber, handle: FileHandle?
  ) async throws(FileSystemError) -> AttributeReply {
    let record = try require(inode, "getattr")
    if let listed = context.asListed(record) { return reply(listed) }
    return reply(try await complete(record, "getattr"))
  }

  package func setAttributes(
    of inode: InodeNumber, _ changes: AttributeChanges, handle: FileHandle?
  ) async throws(FileSystemError) -> AttributeReply {
    try refuseIfReadOnly("setattr")
    // What is not known yet would be overwritten by what the metadata says.
    _ = try await judged(inode, "setattr")
    if let size = changes.size { try resize(inode, handle, to: size) }
    var rest = changes
    rest.size = nil
    if rest != AttributeChanges() {
      // A time that was set must not be overruled by the content file's.
      if let content = context.registry.current(inode) {
        try content.settle(context.catalog, now: context.environment.now())
      }
      let now = context.environment.now()
      let record = try ask("setattr") { try $0.setAttributes(of: inode, rest, at: now) }
      context.registry.current(inode)?.set(modified: record.modified)
      if rest.permissions != nil || rest.user != nil || rest.group != nil { context.relabel(inode) }
    }
    reconciler.journalChanged()
    return reply(try require(inode, "setattr"))
  }

  /// Of an open file, the version that its handle has is cut; `ESTALE` when that is no more.
  private func resize(
    _ inode: InodeNumber, _ handle: FileHandle?, to size: Int64
  ) throws(FileSystemError) {
    let record = try require(inode, "truncate")
    guard record.kind == .regular else {
      throw FileSystemError(.invalidArgument, "truncate", "Inode \(inode) is no regular file")
    }
    guard size >= 0, size <= context.store.limits.objectSize else {
      throw FileSystemError(.fileTooLarge, "truncate", "The store takes no larger object")
    }
    if let handle {
      return try cut(try files.value(handle, "truncate").content, to: size)
    }
    let content = try context.registry.acquire(inode, asHandle: false)
    defer { _ = context.registry.release(content, asHandle: false) }
    try cut(content, to: size)
  }

  private func cut(_ content: FileContent, to size: Int64) throws(FileSystemError) {
    let now = context.environment.now()
    try content.truncate(to: size, context.catalog, context.space, now: now)
    try content.settle(context.catalog, now: now)
  }

  /// What `O_TRUNC` of open(2) does: an empty file has changed by it as well. A file with the
  /// setgid bit and no right to execute for its group keeps it, as the kernel does for writes.
  func empty(_ content: FileContent, _ flags: OpenFlags) throws(FileSystemError) {
    let now = context.environment.now()
    var changes = AttributeChanges()
    if content.size > 0 {
      try content.truncate(to: 0, context.catalog, context.space, now: now)
    } else {
      changes.modified = .now
    }
    if flags.contains(.clearsPrivileges) {
      let permissions = try require(content.inode, "open").permissions
      let group: UInt32 = permissions & 0o2010 == 0o2010 ? 0o2000 : 0
      let kept = permissions & ~(0o4000 | group)
      if kept != permissions { changes.permissions = kept }
    }
    guard changes != AttributeChanges() else { return }
    try set(changes, of: content, at: now, "open")
  }

  /// Changes attributes of a file in use: its content's time does not overrule one that is set.
  func set(
    _ changes: AttributeChanges, of content: FileContent, at now: Timestamp, _ operation: String
  ) throws(FileSystemError) {
    try content.settle(context.catalog, now: now)
    let record = try ask(operation) { try $0.setAttributes(of: content.inode, changes, at: now) }
    content.set(modified: record.modified)
    reconciler.journalChanged()
  }

  func complete(
    _ inode: InodeNumber, _ operation: String
  ) async throws(FileSystemError) -> InodeRecord {
    try await complete(try require(inode, operation), operation)
  }

  func complete(
    _ record: InodeRecord, _ operation: String
  ) async throws(FileSystemError) -> InodeRecord {
    if record.attributesKnown { return record }
    let parent = try ask(operation) { try $0.parent(of: record.number) }
    return try await loader.complete(record, in: parent, operation)
  }

  /// An inode whose own attributes are those by which the kernel has let somebody at it: where it
  /// has seen only what a listing tells, it looks again (`ESTALE`).
  func judged(
    _ inode: InodeNumber, _ operation: String
  ) async throws(FileSystemError) -> InodeRecord {
    let record = try require(inode, operation)
    let complete = try await complete(record, operation)
    guard let listed = context.asListed(record) else { return complete }
    guard complete.number == inode, complete.kind == listed.kind,
      complete.permissions == listed.permissions, complete.owner == listed.owner,
      try await !names(of: inode, operation).contains(.accessList)
    else {
      throw FileSystemError(
        .staleNFSFileHandle, operation, "Inode \(inode) is not what was listed")
    }
    return complete
  }

  private func reply(_ record: InodeRecord) -> AttributeReply {
    AttributeReply(
      attributes: attributes(record),
      timeout: context.options.metadataTTL ?? VolumeContext.foreverTimeout)
  }

  /// The catalog's row, but for what an open file knows better.
  func attributes(_ record: InodeRecord) -> FileAttributes {
    var attributes = record.attributes(generation: context.catalog.generation)
    if record.kind == .regular, let shape = shape(of: record) {
      attributes.size = shape.size
      attributes.modified = shape.modified
      // Of a settled file the time may be one that was set, in the future too.
      if !shape.isSettled { attributes.changed = max(attributes.changed, shape.modified) }
      attributes.blocks = (shape.size - shape.holes + 511) / 512
    }
    return attributes
  }

  /// What is known in memory. The row of a file that was open when the daemon died, and that the
  /// disk has not let be settled since, is older than the file: it is settled now, or at least
  /// looked at.
  private func shape(of record: InodeRecord) -> FileContent.Shape? {
    if let content = context.registry.current(record.number) { return content.shape }
    guard record.isWriting,
      let content = try? context.registry.acquire(record.number, asHandle: false)
    else { return nil }
    defer { _ = context.registry.release(content, asHandle: false) }
    // What the disk may have lost is looked at first, by the next start.
    let isSuspect = (try? context.catalog.unsynced(content.number))??.isSuspect ?? false
    if !isSuspect { try? content.settle(context.catalog, now: context.environment.now()) }
    return content.shape
  }

  package func readSymbolicLink(_ inode: InodeNumber) async throws(FileSystemError) -> String {
    let record = try await complete(inode, "readlink")
    guard record.kind == .symbolicLink, let target = record.target else {
      throw FileSystemError(.invalidArgument, "readlink", "Inode \(inode) is no symbolic link")
    }
    noteAccess(to: record)
    return target
  }

  package func statistics() throws(FileSystemError) -> FileSystemStatistics {
    let files = try recentInodeCount()
    // The store has no end that it would tell: a petabyte, of which what is known is taken.
    let total: Int64 = 1 << 50
    let limit: Int64 = 1 << 32
    return FileSystemStatistics(
      totalBytes: total, freeBytes: total - context.space.account.used, totalInodes: limit,
      freeInodes: max(0, limit - files))
  }

  /// For how long a count is good: nobody budgets by it, and counting a large tree at every
  /// statfs(2) of a program that watches the disk would be felt.
  private static let inodeCountAge: Duration = .seconds(1)

  private func recentInodeCount() throws(FileSystemError) -> Int64 {
    let now = context.environment.now()
    // Whoever asks meanwhile waits for the one that counts. A clock that was set back counts anew.
    return try inodeCount.withLock { known throws(FileSystemError) in
      if let known, (.zero..<Self.inodeCountAge).contains(now.duration(since: known.time)) {
        return known.count
      }
      let count = try ask("statfs") { try $0.inodeCount() }
      known = (count, now)
      return count
    }
  }
}
