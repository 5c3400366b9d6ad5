import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

/// What all parts of a volume share.
final class VolumeContext: Sendable {
  /// Long enough to be for ever for a kernel cache entry, and a value every kernel takes.
  static let foreverTimeout: Duration = .seconds(86_400)

  let options: VolumeOptions
  let store: any ObjectStore
  let catalog: Catalog
  let registry: ContentRegistry
  let disk: any ContentDisk
  let catalogFiles: CatalogFiles
  let keeper: DiskKeeper
  let space: CacheSpace
  let environment: Environment
  let health: StoreHealth
  let statistics: Statistics
  let keySpace: KeySpace
  let contentTypes: ContentTypes
  let log: Logger
  /// Until the store refuses a copy of a range (S3 UploadPartCopy).
  let copiesParts = Mutex(true)
  /// Where the store makes an object of parts of another one: not to be cleaned meanwhile.
  let partCopies = Mutex<Set<ObjectKey>>([])
  let attributeNames = AttributeNames()
  let untold = UntoldNames()
  let keptListings = KeptListings()
  let beginnings = Beginnings()
  let accesses: FileAccesses
  let doubts = Doubts()
  /// Inodes without a name that somebody still uses; erased when nobody does.
  let unnamed = Mutex<Set<InodeNumber>>([])
  private let kernel = Mutex<(any KernelCache)?>(nil)

  init(
    options: VolumeOptions, store: any ObjectStore, catalog: Catalog, registry: ContentRegistry,
    disk: any ContentDisk, catalogFiles: CatalogFiles, keeper: DiskKeeper, space: CacheSpace,
    environment: Environment,
    statistics: Statistics, log: Logger
  ) {
    self.options = options
    self.catalog = catalog
    self.registry = registry
    self.disk = disk
    self.catalogFiles = catalogFiles
    self.keeper = keeper
    self.space = space
    self.environment = environment
    self.statistics = statistics
    self.log = log
    accesses = FileAccesses(cacheSize: options.cacheSize)
    health = StoreHealth(environment, log: log)
    self.store = WatchedStore(store, health, catalog, environment)
    keySpace = KeySpace(prefix: options.keyPrefix)
    contentTypes = ContentTypes(mimeTypes: options.mimeTypes)
  }

  func attach(_ cache: any KernelCache) {
    kernel.withLock { $0 = cache }
  }

  func kernelKnows(_ inode: InodeNumber) -> Bool {
    kernel.withLock { $0 }?.knows(inode) ?? false
  }

  var attributeDefaults: StoredAttributes.Defaults {
    StoredAttributes.Defaults(
      owner: options.defaultOwner, fileMode: options.fileMode,
      directoryMode: options.directoryMode)
  }

  var rootAttributes: RootAttributes {
    RootAttributes(
      permissions: options.directoryMode, owner: options.defaultOwner, time: environment.now())
  }

  /// A file as its listing shows it, where that has to do; `nil` where its own attributes are
  /// known, or have to be. A directory's say who may enter it, and there are fewer of them.
  func asListed(_ record: InodeRecord) -> InodeRecord? {
    guard options.attributeSource == .listing, !record.attributesKnown,
      record.kind != .directory
    else { return nil }
    var listed = record
    listed.permissions = options.fileMode
    listed.owner = options.defaultOwner
    return listed
  }

  func inode(
    _ number: InodeNumber, _ operation: String
  ) throws(FileSystemError) -> InodeRecord? {
    do throws(CatalogError) {
      return try catalog.inode(number)
    } catch {
      throw FileSystemError(error, operation)
    }
  }

  func path(
    of inode: InodeNumber, _ operation: String
  ) throws(FileSystemError) -> [FileName]? {
    do throws(CatalogError) {
      return try catalog.path(of: inode)
    } catch {
      throw FileSystemError(error, operation)
    }
  }

  /// Drops what is cached of objects that changed at the store: content here, pages and names in
  /// the kernel.
  func apply(_ outcome: ListingOutcome, to directory: InodeNumber) {
    let kernel = kernel.withLock { $0 }
    for record in outcome.changed {
      attributeNames.forget(record.number)
      discardContent(of: record)
      kernel?.invalidate(record.number)
    }
    for (_, _, record) in outcome.removed {
      if registry.isOpen(record.number) {
        rebase(record.number)
      } else {
        discardContent(of: record)
      }
    }
    for entry in outcome.names(in: directory) { forget(entry) }
    doubts.add(outcome.doubtful, in: directory)
    for inode in outcome.moved {
      rebase(inode)
      kernel?.invalidate(inode)
    }
  }

  /// The primary object of an inode may be another one, or its names gone: see
  /// ``ContentRegistry/rebase(_:)``.
  func rebase(_ inode: InodeNumber) {
    do throws(CatalogError) {
      try registry.rebase(inode)
    } catch {
      log.error("Where the bytes of inode \(inode) are was not read: \(error)")
    }
  }

  /// Inodes that turned out to be one: the kernel asks again for the names of those that are gone.
  func apply(_ unions: [Union]) {
    let kernel = kernel.withLock { $0 }
    for union in unions {
      discardContent(of: union.absorbed)
      kernel?.invalidate(union.absorbed.number)
      kernel?.invalidate(union.survivor)
      for entry in union.entries { forget(entry) }
    }
  }

  /// The kernel asks again for attributes and bytes.
  func invalidate(_ inode: InodeNumber) {
    kernel.withLock { $0 }?.invalidate(inode)
  }

  /// The kernel asks again for a name that stands for something else now.
  func forget(_ entry: EntryName) {
    let moment = untold.now
    keptListings.forget(entry.parent)
    guard let kernel = kernel.withLock({ $0 }) else { return untold.told(entry, at: moment) }
    kernel.invalidate(entry.name, in: entry.parent) { [untold] in untold.told(entry, at: moment) }
  }

  /// Forgets the bytes of an object version that is no more. Open handles keep the old bytes. The
  /// catalog has condemned the content file, which is removed later.
  func discardContent(of record: InodeRecord) {
    guard record.content != .none else { return }
    let loaded = registry.current(record.number).flatMap {
      $0.number == record.content ? $0.residentBytes : nil
    }
    registry.supersede(record.number)
    space.release(loaded ?? record.heldBytes)
    keeper.noteCondemned()
  }
}

extension ListingOutcome {
  /// What the kernel has to ask for again.
  func names(in directory: InodeNumber) -> [EntryName] {
    removed.map { EntryName(name: $0.name, parent: $0.parent) }
      + added.map { EntryName(name: $0, parent: directory) }
  }
}

extension Union {
  var entries: [EntryName] { names.map { EntryName(name: $0.name, parent: $0.parent) } }
}
