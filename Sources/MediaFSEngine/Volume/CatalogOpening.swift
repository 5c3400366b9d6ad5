import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import SystemPackage

/// Opens the catalog of a volume, or makes one, in step with the disk. One that is damaged is set
/// aside and made anew, of what content files say of themselves.
struct CatalogOpening {
  /// Starts whose daemon died before the catalog was looked through. It may be the catalog that
  /// kills them, so it is looked through before the next one serves.
  private static let uncheckedStarts = 10

  let options: VolumeOptions
  let files: CatalogFiles
  let disk: any ContentDisk
  let environment: Environment
  let log: Logger

  func open() throws(FileSystemError) -> Catalog {
    do {
      if let damage = try files.damage() {
        try renew(because: damage)
      } else if try isLost() {
        try files.condemn("it was lost", at: environment.now())
        try renew(because: "it was lost")
      }
      let catalog: Catalog
      do {
        catalog = try openChecked()
      } catch CatalogError.damaged(let damage) {
        try files.condemn(damage, at: environment.now())
        try renew(because: damage)
        catalog = try make(files.database)
      }
      try files.note(source: options.source)
      try CutRecovery(catalog: catalog, disk: disk, environment: environment, log: log).run()
      try files.note(boot: options.boot)
      return catalog
    } catch let error as CatalogError {
      throw FileSystemError(error, "open")
    } catch {
      throw FileSystemError(
        .ioError, "open",
        "The catalog in \(files.state) cannot be opened: \(error)", underlying: error)
    }
  }

  private func openChecked() throws -> Catalog {
    let starts = try files.begin()
    let catalog = try make(files.database)
    do throws(CatalogError) {
      if starts > Self.uncheckedStarts { try catalog.check() }
      return catalog
    } catch {
      try? catalog.close()
      throw error
    }
  }

  private func make(_ path: FilePath) throws -> Catalog {
    try files.create(path)
    let (files, log, environment) = (files, log, environment)
    let catalog = try Catalog(
      path: path.string, identity: options.source,
      root: RootAttributes(
        permissions: options.directoryMode, owner: options.defaultOwner, time: environment.now()),
      schedule: JournalSchedule(
        delay: options.uploadDelay, maximumDelay: options.uploadMaximumDelay,
        deleteDelay: options.deleteDelay, deletesObjects: !options.noDelete,
        localOnly: options.localOnly),
      generation: UInt64(environment.random() * Double(UInt32.max)),
      boot: options.boot, beforeCommit: environment.beforeCommit,
      afterSynchronization: environment.afterSynchronization
    ) { damage in
      log.error(
        "The catalog is damaged: \(damage)",
        metadata: [
          "cause": "the disk has changed or lost what was written, or somebody else has",
          "cure": "unmount and mount again: it is made anew, of content files and the bucket",
        ])
      try? files.condemn(damage, at: environment.now())
    }
    if catalog.recovered > 0 {
      log.notice("The last daemon died: \(catalog.recovered) operations were taken from its log")
    }
    return catalog
  }

  /// There are content files, and nothing that knows them.
  private func isLost() throws -> Bool {
    guard try files.isEmpty() else { return false }
    for bucket in 0..<256 where try !disk.contents(ofBucket: bucket).isEmpty { return true }
    return false
  }

  private func renew(because damage: String) throws {
    // Whose bytes these are is known for certain, or they go nowhere.
    if let known = try files.knownSource(), !known.utf8.elementsEqual(options.source.utf8) {
      throw CatalogError.unusable(
        "The cache directory holds the state of \(known), not of \(options.source), and its "
          + "catalog is damaged. Mount that source, or choose another cache.directory.")
    }
    let name = try files.setAside()
    log.error("The catalog was damaged (\(damage)): it is quarantine/\(name) now, and made anew")
    try files.removeUnfinished()
    let catalog = try make(files.unfinished)
    try Restoration(
      catalog: catalog, disk: disk, environment: environment,
      isAfterCut: try files.haveSeenCut(at: options.boot), log: log
    ).run()
    try catalog.close()
    try files.finish()
  }
}
