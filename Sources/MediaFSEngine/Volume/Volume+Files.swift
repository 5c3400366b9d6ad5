import Logging
import MediaFSCache
import MediaFSCatalog
package import MediaFSCore
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

extension Volume {
  package func open(
    _ inode: InodeNumber, _ flags: OpenFlags
  ) async throws(FileSystemError) -> OpenReply {
    if flags.contains(.write) { try refuseIfReadOnly("open") }
    let record = try await judged(inode, "open")
    guard record.kind == .regular else {
      throw FileSystemError(
        record.kind == .directory ? .isDirectory : .invalidArgument, "open",
        "Inode \(inode) is no regular file")
    }
    let content = try context.registry.acquire(inode, asHandle: true)
    return try opened(content, flags, names: record.linkCount) { () throws(FileSystemError) in
      if flags.contains(.truncate), flags.contains(.write) { try empty(content, flags) }
      // Somebody deletes it just now: the kernel looks its name up again.
      guard !content.isLost else {
        throw FileSystemError(
          .staleNFSFileHandle, "open", "Inode \(inode) was deleted, and not all of it is here")
      }
    }
  }

  /// Hands a content that was acquired for a handle to the kernel.
  ///
  /// - Parameter names: of the inode. One of several may get a new version from others, which all
  ///   of them have then (``Ingestion``), and the kernel one file for them.
  /// - Parameter effect: of the open on the content, once it is known that it can be opened.
  func opened(
    _ content: FileContent, _ flags: OpenFlags, names: UInt32 = 1,
    _ effect: () throws(FileSystemError) -> Void = { () throws(FileSystemError) in }
  ) throws(FileSystemError) -> OpenReply {
    let mayPass = names <= 1 && mayPass(content, flags)
    let access: FileAccess
    do throws(FileSystemError) {
      access = try context.accesses.begin(content, mayPass: mayPass)
    } catch {
      letGo(content)
      throw error
    }
    let file = OpenFile(content, flags, access)
    do throws(FileSystemError) {
      try effect()
      if file.mayMap { try beginMapping(of: content) }
    } catch {
      context.accesses.end(content.inode)
      letGo(content)
      throw error
    }
    if case .passedThrough = access {
      noteRead(file)
      context.statistics.hits.add(1)
    }
    // What was only read has nothing to say at close(2), and what was written settles with the last
    // one. What may be mapped and written to is written back by then.
    let mayBeMapped = flags.isSuperset(of: [.read, .write])
    return OpenReply(
      handle: files.insert(file), keepsKernelCache: true,
      needsFlush: mayBeMapped || flags.contains(.write) && context.options.uploadSynchronous,
      access: access)
  }

  /// Bytes that are compared with their sums before an open returns: some milliseconds. Of a larger
  /// file the first reader compares what he reads, and the next one may have it from the kernel.
  private static let comparedAtOpen: Int64 = 4 << 20

  /// Whether the kernel may read the content file for who opens it so: it is all there and as it
  /// should be, and nobody writes through this open.
  private func mayPass(_ content: FileContent, _ flags: OpenFlags) -> Bool {
    guard flags.isDisjoint(with: [.write, .direct]), !context.options.uploadSynchronous,
      context.accesses.obstacle == nil
    else { return false }
    // Takes as long for a film of 100 GB as for a picture.
    let (size, isWhole, unverified) = content.state.withLock { state in
      let lifecycle = state.lifecycle
      return (
        lifecycle.size, lifecycle.missing(in: 0..<max(0, lifecycle.size)).isEmpty,
        Int64(lifecycle.sums.unverifiedCount) * BlockSums.length
      )
    }
    let wasCompared = unverified == 0 || context.registry.wasCompared(content)
    guard isWhole, wasCompared || unverified <= Self.comparedAtOpen else { return false }
    context.space.touch(0..<max(0, size), of: content.number)
    return wasCompared || (try? context.space.verify(0..<size, of: content)) == true
  }

  package func create(
    _ name: FileName, in parent: InodeNumber, permissions: UInt32, caller: Caller,
    _ flags: OpenFlags
  ) async throws(FileSystemError) -> (Entry, OpenReply) {
    try refuseIfReadOnly("create")
    let directory = try await listed(parent, "create")
    let path = try checkKey(name, in: parent, isDirectory: false, "create")
    let new = try await begin(
      NewInode(kind: .regular, permissions: permissions, owner: caller.owner),
      umask: caller.umask, in: directory, "create")
    let now = context.environment.now()
    do throws(FileSystemError) {
      let moment = context.attributeNames.moment
      let (record, content) = try make(new, path, in: parent, at: now, flags)
      // The kernel asks for `security.capability` before the first write.
      context.attributeNames.remember(new.extended.names, of: record.number, since: moment)
      reconciler.journalChanged()
      return (entry(record, in: directory), try opened(content, flags))
    } catch {
      // open(2): without O_EXCL the file may as well be there.
      guard error.errno == .fileExists, !flags.contains(.exclusive) else { throw error }
    }
    var existing = try await lookup(name, in: parent)
    let reply = try await open(existing.attributes.inode, flags)
    // Cut by the way it was opened, perhaps.
    existing.attributes = attributes(try require(existing.attributes.inode, "create"))
    return (existing, reply)
  }

  private func make(
    _ new: NewInode, _ path: [FileName], in parent: InodeNumber, at now: Timestamp,
    _ flags: OpenFlags
  ) throws(FileSystemError) -> (InodeRecord, FileContent) {
    let name = path[path.count - 1]
    guard flags.contains(.write) else {
      let record = try ask("create") { try $0.create(new, named: name, in: parent, at: now) }
      return (record, try context.registry.acquire(record.number, asHandle: true))
    }
    let registry = context.registry
    var made: Result<any ContentFile, FileSystemError>?
    do throws(FileSystemError) {
      let record = try ask("create") { catalog in
        try catalog.create(new, named: name, in: parent, at: now) { number in
          made = registry.make(number)
          _ = try made?.get()
        }
      }
      guard let file = try made?.get() else {
        return (record, try registry.acquire(record.number, asHandle: true))
      }
      return (record, try registry.begin(record, file, at: path))
    } catch {
      // What the disk says is more than that the catalog has undone it.
      _ = try made?.get()
      throw error
    }
  }

  package func read(
    _ handle: FileHandle, at offset: Int64, count: Int
  ) async throws(FileSystemError) -> [UInt8] {
    try ask("read") { try $0.refuseIfDamaged() }
    let file = try files.value(handle, "read")
    let content = file.content
    let (end, overflow) = offset.addingReportingOverflow(Int64(count))
    guard offset >= 0, !overflow else {
      throw FileSystemError(.invalidArgument, "read", "The range is out of bounds")
    }
    let range = offset..<end
    let window = content.window.withLock {
      $0.advance(offset: offset, count: count, fileSize: content.size)
    }
    context.space.touch(range.clamped(to: 0..<max(0, content.size)), of: content.number)
    if content.state.withLock({ $0.lifecycle.isWorthFetching(window, reading: range) }),
      !context.space.isShort
    {
      downloader.start(window, of: content)
    }
    noteRead(file)
    if let pinned = content.pinIfPresent(range) {
      context.statistics.hits.add(1)
      do throws(FileSystemError) {
        if let bytes = try context.space.read(pinned: pinned, of: content) { return bytes }
      } catch {
        guard error.underlying is Errno, context.space.discard(unreadable: pinned, of: content)
        else { throw error }
      }
    }
    context.statistics.misses.add(1)
    let bytes = try await fetch(range, of: content)
    if offset == 0 { foresee(bytes, of: content) }
    return bytes
  }

  /// In bytes: what a cache that is full of changes has room for, for several readers.
  private static let pieceSize: Int64 = 128 << 10

  /// Bytes that are not all here. Nor need they ever be at once: where there is little room, each
  /// piece makes way for the next.
  private func fetch(
    _ range: Range<Int64>, of content: FileContent
  ) async throws(FileSystemError) -> [UInt8] {
    if !context.space.isShort {
      do throws(FileSystemError) {
        return try await fetchAtOnce(range, of: content)
      } catch {
        guard error.errno == .noSpace else { throw error }
      }
    }
    var bytes: [UInt8] = []
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Int(Self.pieceSize)) {
      let piece = start..<min(start + Self.pieceSize, range.upperBound)
      let part = try await fetchAtOnce(piece, of: content)
      bytes += part
      if part.count < piece.count { break }
    }
    return bytes
  }

  private func fetchAtOnce(
    _ range: Range<Int64>, of content: FileContent
  ) async throws(FileSystemError) -> [UInt8] {
    while true {
      try await downloader.require(range, of: content)
      // Evicted again, or damaged, before we looked: fetch again. The cache is too small for its
      // readers then, but every round serves somebody.
      if let pinned = content.pinIfPresent(range),
        let bytes = try context.space.read(pinned: pinned, of: content)
      {
        return bytes
      }
    }
  }

  /// Who reads the beginning of a media file wants its index next, which may be far away.
  private func foresee(_ beginning: [UInt8], of content: FileContent) {
    guard !context.space.isShort,
      let index = MediaIndex.range(beginning: beginning, size: content.size)
    else { return }
    downloader.start(index, of: content)
  }

  package func write(
    _ handle: FileHandle, at offset: Int64, _ bytes: UnsafeRawBufferPointer, appends: Bool
  ) throws(FileSystemError) {
    try ask("write") { try $0.refuseIfDamaged() }
    let file = try files.value(handle, "write")
    let isNews = try unsafe file.content.write(
      bytes, at: appends ? nil : offset, context.catalog, context.space,
      now: context.environment.now(), maximumSize: context.store.limits.objectSize)
    if isNews { reconciler.journalChanged() }
  }

  package func flush(_ handle: FileHandle) async throws(FileSystemError) {
    let file = try files.value(handle, "flush")
    guard file.flags.contains(.write) else { return }
    try file.content.settle(context.catalog, now: context.environment.now())
    if context.options.uploadSynchronous { try await upload(file.content) }
  }

  package func synchronize(
    _ handle: FileHandle, dataOnly: Bool
  ) async throws(FileSystemError) {
    let content = try files.value(handle, "fsync").content
    try content.synchronize(context.catalog, context.disk, now: context.environment.now())
    if context.options.uploadSynchronous { try await upload(content) }
  }

  /// Waits until the store has a file (`upload.synchronous`).
  private func upload(_ content: FileContent) async throws(FileSystemError) {
    guard content.state.withLock({ $0.lifecycle.isDirty && !$0.isOrphan }) else { return }
    try await reconciler.drain(
      beneath: content.inode, "flush", limit: context.options.networkDeadline)
  }

  package func release(_ handle: FileHandle) {
    guard let file = files.remove(handle) else { return }
    if file.flags.contains(.write) {
      do throws(FileSystemError) {
        try file.content.settle(context.catalog, now: context.environment.now())
      } catch {
        // The row stays marked: the next start takes size and time from the content file.
        context.log.error("Inode \(file.content.inode) was not settled: \(error)")
      }
      reconciler.journalChanged()
    }
    reconciler.completer.closed(file.content)
    if file.mayMap {
      endMapping(of: file.content)
    } else {
      context.accesses.end(file.content.inode)
      letGo(file.content)
    }
  }

  private func beginMapping(of content: FileContent) throws(FileSystemError) {
    let now = context.environment.now()
    defer { reconciler.journalChanged() }
    do throws(FileSystemError) {
      try content.beginMapping(context.catalog, context.disk, now: now)
    } catch {
      try? content.settle(context.catalog, now: now)
      throw error
    }
  }

  /// How often it is looked whether a process still has a file mapped that it has closed.
  private static let mappingInterval: Duration = .seconds(1)

  /// Nobody is told when a mapping ends. The content counts as open until then.
  private func endMapping(of content: FileContent) {
    context.environment.spawn("mapping") { [self] in
      while content.mayBeMapped, !Task.isCancelled {
        await context.environment.sleep(Self.mappingInterval)
      }
      content.endMapping(context.catalog, now: context.environment.now())
      do throws(FileSystemError) {
        try content.settle(context.catalog, now: context.environment.now())
      } catch {
        context.log.error("Inode \(content.inode) was not settled: \(error)")
      }
      reconciler.journalChanged()
      // Not before: in another way the kernel would cache what a mapping changes.
      context.accesses.end(content.inode)
      letGo(content)
    }
  }

  private func letGo(_ content: FileContent) {
    if context.registry.release(content, asHandle: true) { eraseIfUnused(content.inode) }
  }
}
