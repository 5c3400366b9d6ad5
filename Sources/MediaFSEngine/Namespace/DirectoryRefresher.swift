import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Keeps directories no staler than the mount allows: one listing at a time for each, shared by
/// everybody who waits for it.
final class DirectoryRefresher: Sendable {
  /// How long somebody waits for news of a directory that is known. Longer hangs every listing
  /// while the store does; the listing goes on and is used when it comes.
  private static let patience: Duration = .seconds(3)
  /// How often a listing begins anew because its directory was renamed meanwhile.
  private static let attempts = 8

  /// A listing under way.
  private final class Listing: Sendable {
    let end = Deferred<Void>()
    private let pages = Mutex<Int64>(0)

    /// How many pages have come.
    var progress: Int64 { pages.withLock { $0 } }

    func pageCame() { pages.withLock { $0 += 1 } }
  }

  /// What of a directory's listing has no place in it.
  private struct Oddities: Equatable {
    var clashes: [FileName] = []
    var unmappable = 0
  }

  /// Directories whose oddities are remembered, some 100 bytes each.
  private static let reportedDirectories = 10_000

  private let context: VolumeContext
  private let reported = Mutex<[InodeNumber: Oddities]>([:])
  private let running = Mutex<[InodeNumber: Listing]>([:])

  init(_ context: VolumeContext) {
    self.context = context
  }

  /// Returns when the directory's entries can be relied on. A store that does not answer is no
  /// reason to hide what is known; only a directory that was never listed then fails.
  func freshen(_ directory: InodeRecord, _ operation: String) async throws(FileSystemError) {
    // A directory that was removed holds nothing; nor does the store know where it was.
    guard directory.kind == .directory, directory.linkCount > 0, isStale(directory) else { return }
    let isKnown = directory.listed != nil
    if isKnown, isMoving(directory.number) || !context.health.mayAsk() { return }
    let (listing, progress) = start(directory.number)
    guard isKnown else { return try await wait(for: listing, since: progress, operation) }
    do throws(FileSystemError) {
      try await listing.end.wait(
        operation, for: min(context.options.networkDeadline, Self.patience), context.environment)
    } catch {
      // A signal ends the wait too, and what is known still is.
      if error.errno != .interrupted, !listing.end.isResolved, listing.progress == progress {
        context.health.failed(.noAnswer)
      }
    }
  }

  /// A large directory takes long to list: the deadline is for a store that gives no page.
  private func wait(
    for listing: Listing, since progress: Int64, _ operation: String
  ) async throws(FileSystemError) {
    try await listing.end.wait(
      operation, for: context.options.networkDeadline, since: progress,
      progress: { listing.progress }, context.environment)
  }

  /// Starts to list a directory, for somebody who will ``list(_:)`` it soon.
  func begin(_ directory: InodeNumber) {
    _ = start(directory)
  }

  /// Returns when a listing has been taken in.
  func list(_ directory: InodeNumber) async throws(FileSystemError) {
    let (listing, progress) = start(directory)
    try await wait(for: listing, since: progress, "lookup")
  }

  /// A renamed directory, or one beneath it, whose objects the store has elsewhere: what is known
  /// of it is known here alone until it was expanded.
  private func isMoving(_ directory: InodeNumber) -> Bool {
    // A catalog that fails is noticed by the listing.
    (try? context.catalog.source(of: directory))??.isPending ?? false
  }

  /// How long the kernel may rely on the entries of a directory without asking.
  func validity(of directory: InodeRecord) -> Duration {
    guard let listed = directory.listed, listed != .epoch else { return .zero }
    guard let ttl = context.options.metadataTTL else { return VolumeContext.foreverTimeout }
    return max(.zero, ttl - context.environment.now().duration(since: listed))
  }

  private func isStale(_ directory: InodeRecord) -> Bool {
    guard let listed = directory.listed, listed != .epoch else { return true }
    guard let ttl = context.options.metadataTTL else { return false }
    return context.environment.now().duration(since: listed) >= ttl
  }

  /// The listing of a directory, and how far it was when the caller came to it.
  private func start(_ directory: InodeNumber) -> (Listing, progress: Int64) {
    let (listing, isNew) = running.withLock { running -> (Listing, Bool) in
      if let listing = running[directory] { return (listing, false) }
      let listing = Listing()
      running[directory] = listing
      return (listing, true)
    }
    let progress = listing.progress
    if isNew {
      context.environment.spawn("listing") { [self] in
        let outcome = await listAnew(directory, listing)
        running.withLock { $0[directory] = nil }
        listing.end.resolve(outcome)
      }
    }
    return (listing, progress)
  }

  private func listAnew(
    _ directory: InodeNumber, _ listing: Listing
  ) async -> Result<Void, FileSystemError> {
    do throws(FileSystemError) {
      for _ in 0..<Self.attempts {
        if try await takeListing(of: directory, listing) { return .success(()) }
      }
      throw FileSystemError(.ioError, "lookup", "The directory is renamed all the time")
    } catch {
      return .failure(error)
    }
  }

  /// Lists a directory where its objects are, and takes that in. False when it was renamed
  /// meanwhile.
  private func takeListing(
    of directory: InodeNumber, _ listing: Listing
  ) async throws(FileSystemError) -> Bool {
    guard let path = try context.path(of: directory, "lookup"),
      let source = try source(of: directory)
    else {
      throw FileSystemError(.noSuchFileOrDirectory, "lookup", "The directory is gone")
    }
    let began = context.environment.now()
    let prefix = context.keySpace.prefix(of: source)
    var fold = ListingFold(context.keySpace, prefix: prefix)
    var request = ListRequest(prefix: prefix, foldsDirectories: true)
    do throws(ObjectStoreError) {
      repeat {
        let page = try await context.store.list(request)
        listing.pageCame()
        fold.add(page)
        request.continuation = page.continuation
      } while request.continuation != nil
    } catch {
      if error.isTransient { context.health.failed(error) }
      throw FileSystemError(error, "lookup")
    }
    report(fold, path, of: directory)
    return try take(fold, began, into: directory, source)
  }

  private func source(of directory: InodeNumber) throws(FileSystemError) -> TreeSource? {
    do throws(CatalogError) {
      return try context.catalog.source(of: directory)
    } catch {
      throw FileSystemError(error, "lookup")
    }
  }

  private func take(
    _ fold: ListingFold, _ began: Timestamp, into directory: InodeNumber, _ source: TreeSource
  ) throws(FileSystemError) -> Bool {
    let prefix = context.keySpace.prefix(of: source)
    let children = fold.children.map { child in
      if let object = child.object, !child.isDirectory {
        DirectoryListing.Child(
          name: child.name,
          content: .file(StoredObject(object), modified: object.lastModified))
      } else {
        DirectoryListing.Child(
          name: child.name, content: .directory(prefix: ObjectKey(prefix + child.name.text + "/")))
      }
    }
    let listing = DirectoryListing(
      of: source, children: children, marker: fold.marker.map { StoredObject($0) }, began: began)
    let registry = context.registry
    let outcome: ListingOutcome
    do throws(CatalogError) {
      outcome = try context.untold.change(telling: { $0.names(in: directory) }) {
        () throws(CatalogError) in
        try context.catalog.ingest(
          listing, into: directory, defaults: context.rootAttributes,
          keyOf: { ObjectKey(prefix + $0.text) }, isOpen: { registry.isOpen($0) })
      }
    } catch {
      throw FileSystemError(error, "lookup")
    }
    context.apply(outcome, to: directory)
    return !outcome.isMisplaced
  }

  /// Once for each directory, until something else is found there.
  private func report(_ fold: ListingFold, _ path: [FileName], of directory: InodeNumber) {
    let found = Oddities(clashes: fold.clashes, unmappable: fold.unmappable)
    let isNews = reported.withLock { reported in
      // Whoever has so many of them can do with hearing of them again.
      if reported.count >= Self.reportedDirectories { reported = [:] }
      let before = reported[directory] ?? Oddities()
      reported[directory] = found == Oddities() ? nil : found
      return before != found
    }
    guard isNews, found != Oddities() else { return }
    context.log.warning(
      "Objects without a path here",
      metadata: [
        "directory": "\(path.map(\.text).joined(separator: "/"))",
        "names that are directories too": "\(found.clashes.prefix(8).map(\.text))",
        "keys that are no path": "\(found.unmappable)",
      ])
  }
}

extension StoredObject {
  init(_ listed: ListedObject) {
    self.init(key: listed.key, etag: listed.etag, size: listed.size)
  }
}

extension ObjectStoreError {
  static let noAnswer = ObjectStoreError(
    .unavailable, code: "NoAnswer", message: "The store does not answer")
}
