package import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
package import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

/// A namespace of a store as a filesystem: everything between the kernel's edge and the store's.
///
/// Knows no FUSE and no S3. Operations answer from the catalog and the cache; the network is asked
/// only for names and bytes that are not here.
package final class Volume: Sendable {
  let context: VolumeContext
  let refresher: DirectoryRefresher
  let loader: AttributeLoader
  let downloader: Downloader
  let reconciler: Reconciler
  let relabelling: Relabelling
  let files = HandleTable<OpenFile>()
  let directories = HandleTable<OpenDirectory>()
  /// How many inodes there were when statfs last counted them, and when that was.
  let inodeCount = Mutex<(count: Int64, time: Timestamp)?>(nil)

  init(_ context: VolumeContext) {
    self.context = context
    refresher = DirectoryRefresher(context)
    loader = AttributeLoader(context)
    downloader = Downloader(
      store: context.store, catalog: context.catalog, space: context.space,
      beginnings: context.beginnings, environment: context.environment,
      deadline: context.options.networkDeadline,
      health: context.health, statistics: context.statistics, log: context.log,
      invalidate: { [context] in context.invalidate($0) })
    reconciler = Reconciler(context, downloader, refresher)
    relabelling = Relabelling(context)
  }

  /// Opens the volume's state, or makes it, and repairs what a crash left. Does not ask the store.
  package static func open(
    _ options: VolumeOptions, store: any ObjectStore, environment: Environment, log: Logger
  ) throws(FileSystemError) -> Volume {
    let state = FilePath(options.stateDirectory)
    let disk: any ContentDisk
    let files = CatalogFiles(state: state)
    do throws(Errno) {
      try FileTree.makeDirectories(state, permissions: .ownerReadWriteExecute)
      disk = try environment.contentDisk(state)
    } catch {
      throw FileSystemError(
        error, "open",
        "The cache directory \(state) cannot be used: \(error). Choose another cache.directory "
          + "or make it writable for this user.")
    }
    let catalog = try CatalogOpening(
      options: options, files: files, disk: disk, environment: environment, log: log
    ).open()
    do throws(CatalogError) {
      try Recovery(catalog: catalog, disk: disk, environment: environment, log: log)
        .settle()
      try catalog.follow(options.localOnly, at: environment.now())
      // What is fetched ahead must not push out what was, unread.
      let window = ReadWindow(limit: options.cacheSize / 8)
      let registry = ContentRegistry(catalog: catalog, disk: disk, window: window)
      let statistics = Statistics()
      let usage = try catalog.openingUsage()
      let keeper = DiskKeeper(
        catalog: catalog, disk: disk, environment: environment, log: log)
      let space = CacheSpace(
        account: CacheAccount(
          used: usage.knownBytes, limit: options.cacheSize,
          minimumFree: options.cacheMinimumFree, directory: state),
        uncounted: usage.knownBytes == nil ? usage : nil, catalog: catalog, registry: registry,
        keeper: keeper, environment: environment, statistics: statistics, kept: options.localKeep,
        log: log)
      return Volume(
        VolumeContext(
          options: options, store: store, catalog: catalog, registry: registry,
          disk: disk, catalogFiles: files, keeper: keeper, space: space, environment: environment,
          statistics: statistics, log: log))
    } catch {
      throw FileSystemError(error, "open")
    }
  }

  /// Where to tell the kernel that something changed behind its back.
  package func attach(_ kernel: any KernelCache) {
    context.attach(kernel)
  }

  /// The kernel may read content files itself from now on.
  package func attach(_ files: any BackingFiles) {
    if context.options.passesThrough { context.accesses.attach(files) }
  }

  /// Whether anything is known from an earlier run: such a volume is of use without the store.
  package var isKnown: Bool {
    if let root = try? context.catalog.inode(.root), root.listed != nil { return true }
    // Of a catalog that was made anew, what is to be uploaded.
    return (try? context.catalog.waiting(beneath: .root, last: nil)) != nil
  }

  /// Starts the background work.
  package func start() {
    reconciler.start()
    relabelling.start()
  }

  /// Ends the background work and writes down what is only in memory. The queue stays on disk.
  package func stop() async {
    await reconciler.stop()
    await relabelling.stop()
    for content in context.registry.all {
      do throws(FileSystemError) {
        try content.settle(context.catalog, now: context.environment.now())
      } catch {
        context.log.error("Inode \(content.inode) was not settled: \(error)")
      }
    }
    context.space.persistTouches()
    context.keeper.keep()
    do throws(CatalogError) {
      try context.catalog.synchronize()
      try context.catalog.close()
    } catch {
      context.log.error("The catalog was not closed: \(error)")
    }
  }

  /// The one way from the catalog's errors to the application's.
  func ask<Answer>(
    _ operation: String, _ question: (Catalog) throws -> Answer
  ) throws(FileSystemError) -> Answer {
    do {
      return try question(context.catalog)
    } catch let error as CatalogError {
      throw FileSystemError(error, operation)
    } catch {
      throw FileSystemError(.ioError, operation, "The catalog failed", underlying: error)
    }
  }

  func require(
    _ inode: InodeNumber, _ operation: String
  ) throws(FileSystemError) -> InodeRecord {
    guard let record = try context.inode(inode, operation) else {
      throw FileSystemError(.staleNFSFileHandle, operation, "There is no inode \(inode)")
    }
    return record
  }

  func refuseIfReadOnly(_ operation: String) throws(FileSystemError) {
    guard context.options.readOnly else { return }
    throw FileSystemError(.readOnlyFileSystem, operation, "The mount is read-only")
  }
}

/// An open file: one open(2), shared by its duplicates.
final class OpenFile: Sendable {
  let content: FileContent
  let flags: OpenFlags
  let accessTime = Mutex(AccessLook())
  let access: FileAccess

  init(_ content: FileContent, _ flags: OpenFlags, _ access: FileAccess) {
    self.content = content
    self.flags = flags
    self.access = access
  }

  /// A process may map the content file through it, and write to it.
  var mayMap: Bool {
    guard case .direct = access else { return false }
    return flags.isSuperset(of: [.read, .write])
  }
}

/// An open directory.
final class OpenDirectory: Sendable {
  let inode: InodeNumber
  let parent: InodeNumber

  init(_ inode: InodeNumber, parent: InodeNumber) {
    self.inode = inode
    self.parent = parent
  }
}

/// Numbers for what the kernel has open; never used twice while the daemon lives.
final class HandleTable<Value: Sendable>: Sendable {
  private let state = Mutex<(next: UInt64, values: [UInt64: Value])>((1, [:]))

  func insert(_ value: Value) -> FileHandle {
    state.withLock { state in
      defer { state.next += 1 }
      state.values[state.next] = value
      return FileHandle(state.next)
    }
  }

  func value(_ handle: FileHandle, _ operation: String) throws(FileSystemError) -> Value {
    guard let value = state.withLock({ $0.values[handle.value] }) else {
      throw FileSystemError(.badFileDescriptor, operation, "There is no handle \(handle.value)")
    }
    return value
  }

  func remove(_ handle: FileHandle) -> Value? {
    state.withLock { $0.values.removeValue(forKey: handle.value) }
  }
}
