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

  private let context: VolumeContext
  private let running = Mutex<[InodeNumber: Deferred<Void>]>([:])

  init(_ context: VolumeContext) {
    self.context = context
  }

  /// Returns when the directory's entries can be relied on. A store that does not answer is no
  /// reason to hide what is known; only a directory that was never listed then fails.
  func freshen(_ directory: InodeRecord, _ operation: String) async throws(FileSystemError) {
    guard directory.kind == .directory, isStale(directory) else { return }
    let isKnown = directory.listed != nil
    if isKnown, !context.health.mayAsk() { return }
    let listing = start(directory.number)
    do throws(FileSystemError) {
      let deadline = context.options.networkDeadline
      try await listing.wait(
        operation, for: isKnown ? min(deadline, Self.patience) : deadline, context.environment)
    } catch {
      if isKnown, error.errno != .interrupted {
        if !listing.isResolved { context.health.failed(.noAnswer) }
        return
      }
      throw error
    }
  }

  /// How long the kernel may rely on the entries of a directory without asking.
  func validity(of directory: InodeRecord) -> Duration {
    guard let ttl = context.options.metadataTTL else { return VolumeContext.foreverTimeout }
    guard let listed = directory.listed else { return .zero }
    return max(.zero, ttl - context.environment.now().duration(since: listed))
  }

  private func isStale(_ directory: InodeRecord) -> Bool {
    guard let listed = directory.listed else { return true }
    guard let ttl = context.options.metadataTTL else { return false }
    return context.environment.now().duration(since: listed) >= ttl
  }

  private func start(_ directory: InodeNumber) -> Deferred<Void> {
    let (listing, isNew) = running.withLock { running -> (Deferred<Void>, Bool) in
      if let listing = running[directory] { return (listing, false) }
      let listing = Deferred<Void>()
      running[directory] = listing
      return (listing, true)
    }
    if isNew {
      context.environment.spawn("listing") { [self] in
        let outcome = await list(directory)
        running.withLock { $0[directory] = nil }
        listing.resolve(outcome)
      }
    }
    return listing
  }

  private func list(_ directory: InodeNumber) async -> Result<Void, FileSystemError> {
    do throws(FileSystemError) {
      guard let path = try context.path(of: directory, "lookup") else {
        throw FileSystemError(.noSuchFileOrDirectory, "lookup", "The directory is gone")
      }
      let began = context.environment.now()
      var fold = ListingFold(context.keySpace, directory: path)
      var request = ListRequest(
        prefix: context.keySpace.directoryPrefix(of: path), foldsDirectories: true)
      do throws(ObjectStoreError) {
        repeat {
          let page = try await context.store.list(request)
          fold.add(page)
          request.continuation = page.continuation
        } while request.continuation != nil
      } catch {
        if error.isTransient { context.health.failed(error) }
        throw FileSystemError(error, "lookup")
      }
      context.health.answered()
      report(fold, path)
      try take(fold, began, into: directory, path)
      return .success(())
    } catch {
      return .failure(error)
    }
  }

  private func take(
    _ fold: ListingFold, _ began: Timestamp, into directory: InodeNumber, _ path: [FileName]
  ) throws(FileSystemError) {
    let prefix = context.keySpace.directoryPrefix(of: path)
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
      children: children, marker: fold.marker.map { StoredObject($0) }, began: began)
    let registry = context.registry
    let outcome: ListingOutcome
    do throws(CatalogError) {
      outcome = try context.catalog.ingest(
        listing, into: directory, defaults: context.rootAttributes,
        keyOf: { ObjectKey(prefix + $0.text) }, isOpen: { registry.isOpen($0) })
    } catch {
      throw FileSystemError(error, "lookup")
    }
    context.apply(outcome, to: directory)
  }

  private func report(_ fold: ListingFold, _ path: [FileName]) {
    let clashes = fold.clashes
    guard !clashes.isEmpty || fold.unmappable > 0 else { return }
    context.log.warning(
      "Objects without a path here",
      metadata: [
        "directory": "\(path.map(\.text).joined(separator: "/"))",
        "names that are directories too": "\(clashes.prefix(8).map(\.text))",
        "keys that are no path": "\(fold.unmappable)",
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
