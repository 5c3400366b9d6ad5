import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Reads the attributes that only an object's metadata tells: once per object version, when they
/// are first asked for, and for the neighbours along with them, since who asks for one
/// (`ls -l`, `find`) asks for all. Who asks for one alone probably reads the file next: its first
/// bytes come along.
final class AttributeLoader: Sendable {
  /// Neighbours asked along with a name. At 30 ms a request this makes a listing 32 times faster
  /// than one by one; what is not looked at after all costs a HEAD, 0.4 millionths of a dollar.
  private static let neighbours = 32
  /// More of them are looked for once so few are on their way: not with every name.
  private static let fewest = 16

  /// How often a request is begun that fails, with the attempts of each, and what lies between.
  private static let rounds = 3
  private static let backoff = Backoff(base: .milliseconds(200), cap: .seconds(2))

  /// Who has read a directory asks for what is in it, for so long, without reading that.
  private static let browsing: Duration = .seconds(1)

  private let context: VolumeContext
  let guesses: Guesses
  private let browsed = Mutex<(directory: InodeNumber, at: Timestamp)?>(nil)
  /// The answer is the inode that was asked for, or the one that it turned out to be.
  private let running = Mutex<[InodeNumber: Deferred<InodeNumber>]>([:])

  init(_ context: VolumeContext) {
    self.context = context
    guesses = Guesses(context)
  }

  /// The inode with its attributes known.
  ///
  /// - Parameter parent: where its neighbours are.
  /// - Throws: `ESTALE` when it is no more; its name may stand for another one then.
  func complete(
    _ record: InodeRecord, in parent: InodeNumber?, _ operation: String
  ) async throws(FileSystemError) -> InodeRecord {
    let number: InodeNumber
    if record.attributesKnown {
      guard record.linkGroup != nil else { return record }
      number = try unite(record, operation)
    } else {
      let loading = start(record, withBytes: parent.map { wantsBytes(record, in: $0) } ?? false)
      if let parent, context.options.attributeSource == .object {
        startNeighbours(of: record, in: parent)
      }
      number = try await loading.wait(
        operation, for: context.options.networkDeadline, context.environment)
    }
    guard let complete = try context.inode(number, operation) else {
      throw FileSystemError(.staleNFSFileHandle, operation, "The inode is gone")
    }
    return complete
  }

  /// The names in a directory are about to be read.
  func browse(_ directory: InodeNumber) {
    let now = context.environment.now()
    browsed.withLock { $0 = (directory, now) }
  }

  private func wantsBytes(_ record: InodeRecord, in parent: InodeNumber) -> Bool {
    guard context.options.fetchesFirstBytes, record.kind == .regular,
      let object = record.object, object.size > 0, !guesses.covers(object)
    else { return false }
    // What the listing has shown is asked for its attributes when it is opened.
    if context.options.attributeSource == .object {
      guard running.withLock({ $0.isEmpty }), !isBrowsed(parent) else { return false }
    }
    return context.beginnings.claim()
  }

  private func isBrowsed(_ directory: InodeNumber) -> Bool {
    guard let last = browsed.withLock({ $0 }), last.directory == directory else { return false }
    return context.environment.now().duration(since: last.at) <= Self.browsing
  }

  private func startNeighbours(of record: InodeRecord, in parent: InodeNumber) {
    let count = running.withLock { $0.count }
    guard count < Self.fewest else { return }
    // Those on their way are among them.
    let limit = count + Self.neighbours
    let unknown = (try? context.catalog.unknownAttributes(in: parent, limit: limit)) ?? []
    for neighbour in unknown where neighbour.number != record.number { start(neighbour) }
  }

  /// Makes one inode of an inode and those that its metadata binds it to; returns which one.
  private func unite(
    _ record: InodeRecord, _ operation: String
  ) throws(FileSystemError) -> InodeNumber {
    let registry = context.registry
    let unions: [Union]
    do throws(CatalogError) {
      guard try context.catalog.hasRelatives(record) else { return record.number }
      unions = try context.untold.change(telling: { $0.flatMap(\.entries) }) {
        () throws(CatalogError) in
        try context.catalog.unite(record.number, at: context.environment.now()) {
          registry.isOpen($0)
        }
      }
    } catch {
      throw FileSystemError(error, operation)
    }
    context.apply(unions)
    return unions.reduce(record.number) { $1.absorbed.number == $0 ? $1.survivor : $0 }
  }

  @discardableResult
  private func start(
    _ record: InodeRecord, withBytes: Bool = false
  ) -> Deferred<InodeNumber> {
    let (loading, isNew) = running.withLock { running -> (Deferred<InodeNumber>, Bool) in
      if let loading = running[record.number] { return (loading, false) }
      let loading = Deferred<InodeNumber>()
      running[record.number] = loading
      return (loading, true)
    }
    if isNew {
      context.environment.spawn("attributes") { [self] in
        let outcome: Result<InodeNumber, FileSystemError>
        do throws(FileSystemError) {
          outcome = .success(try await load(record, withBytes))
        } catch {
          outcome = .failure(error)
        }
        running.withLock { $0[record.number] = nil }
        loading.resolve(outcome)
      }
    }
    return loading
  }

  private func load(
    _ seen: InodeRecord, _ withBytes: Bool
  ) async throws(FileSystemError) -> InodeNumber {
    guard let record = try context.inode(seen.number, "lookup") else { return seen.number }
    guard !record.attributesKnown else {
      // Another load has ended between the look at the row and the beginning of this one.
      return record.linkGroup == nil ? record.number : try unite(record, "lookup")
    }
    let (attributes, etag) = try await ask(for: record, withBytes)
    do throws(CatalogError) {
      try context.catalog.learn(attributes, of: record.number, etag: etag)
      context.attributeNames.forget(record.number)
      // Until now the kernel has had them from the listing.
      if context.options.attributeSource == .listing { context.invalidate(record.number) }
    } catch {
      throw FileSystemError(error, "lookup")
    }
    guard attributes.link != nil, let learned = try context.inode(record.number, "lookup") else {
      return record.number
    }
    return try unite(learned, "lookup")
  }

  /// One request that fails again and again is bad luck, and no outage, while the store answers
  /// others: then it is begun anew.
  private func ask(
    for record: InodeRecord, _ withBytes: Bool
  ) async throws(FileSystemError) -> (LearnedAttributes, etag: ETag?) {
    var failures = 0
    while true {
      let answers = context.health.answers
      do throws(ObjectStoreError) {
        guard let key = try markerOrObjectKey(of: record) else { break }
        let head = try await head(of: record, at: key, withBytes)
        // Another version than the listing told: the next listing sorts that out, and the
        // attributes of the version that is there now are the better answer.
        let etag = record.kind == .directory ? head.etag : record.object?.etag
        return (try await learned(head, key, record), etag)
      } catch {
        switch error.kind {
        case .notFound where record.kind == .directory:
          return (defaults(for: record), record.object?.etag)
        case .notFound: throw try await whyMissing(record)
        default:
          guard error.isTransient else { throw FileSystemError(error, "lookup") }
          failures += 1
          let isAlone = context.health.answers == answers
          if isAlone { context.health.failed(error) }
          if isAlone || failures == Self.rounds || Task.isCancelled {
            throw FileSystemError(error, "lookup")
          }
          await context.environment.sleep(
            Self.backoff.delay(
              afterFailures: failures, jitter: context.environment.random()))
        }
      }
    }
    return (defaults(for: record), record.object?.etag)
  }

  private func head(
    of record: InodeRecord, at key: ObjectKey, _ withBytes: Bool
  ) async throws(ObjectStoreError) -> ObjectInfo {
    guard let object = record.object else { return try await context.store.head(key) }
    if let guessed = await guesses.take(object) { return guessed }
    return withBytes ? try await beginning(of: object) : try await context.store.head(key)
  }

  /// The attributes of an object together with its first bytes, which are kept for a reader.
  private func beginning(
    of object: StoredObject
  ) async throws(ObjectStoreError) -> ObjectInfo {
    do throws(ObjectStoreError) {
      let range = 0..<min(object.size, Beginnings.length)
      let download = try await context.store.get(object.key, range: range, ifMatch: object.etag)
      let bytes = try await download.body.collect()
      // A listing may be wrong about a size.
      if download.info.size == object.size { context.beginnings.keep(bytes, of: object) }
      return download.info
    } catch {
      guard !error.isTransient, error.kind != .notFound, error.kind != .cancelled else {
        throw error
      }
      // It is another one by now, or its bytes are in an archive, or not for us.
      return try await context.store.head(object.key)
    }
  }

  /// A 404 without a body may speak of the bucket, or come from somebody on the way: only a listing
  /// that was answered says that the object is gone.
  private func whyMissing(_ record: InodeRecord) async throws(FileSystemError) -> FileSystemError {
    let key = record.object?.key ?? ObjectKey("")
    do throws(ObjectStoreError) {
      let page = try await context.store.list(
        ListRequest(prefix: key.text, foldsDirectories: true, pageSize: 1))
      guard page.objects.first?.key == key else {
        return FileSystemError(.noSuchFileOrDirectory, "lookup", "The object is gone")
      }
      return FileSystemError(.ioError, "lookup", "The store lists an object that it does not have")
    } catch {
      return FileSystemError(error, "lookup")
    }
  }

  /// A directory may have a marker that no listing of its parent shows; after a rename it still
  /// lies where the directory was.
  private func markerOrObjectKey(of record: InodeRecord) throws(ObjectStoreError) -> ObjectKey? {
    if let object = record.object { return object.key }
    guard record.kind == .directory,
      let source = try context.asked({ try $0.source(of: record.number) }), !source.prefix.isEmpty
    else { return nil }
    let key = ObjectKey(context.keySpace.prefix(of: source))
    return key.byteCount <= ObjectKey.maximumLength ? key : nil
  }

  private func defaults(for record: InodeRecord) -> LearnedAttributes {
    LearnedAttributes(
      kind: record.kind,
      permissions: record.kind == .directory
        ? context.options.directoryMode : context.options.fileMode,
      owner: context.options.defaultOwner, accessed: record.accessed, modified: record.modified,
      changed: record.changed)
  }

  private func learned(
    _ head: ObjectInfo, _ key: ObjectKey, _ record: InodeRecord
  ) async throws(ObjectStoreError) -> LearnedAttributes {
    let stored = StoredAttributes.decode(
      metadata: head.headers.metadata, isMarker: record.kind == .directory,
      lastModified: head.lastModified, defaults: context.attributeDefaults)
    var target: String?
    if stored.kind == .symbolicLink {
      let body = try await context.store.get(key, range: nil, ifMatch: head.etag).body.collect()
      target = String(validating: body, as: UTF8.self)
    }
    let kind = stored.kind == .symbolicLink && target == nil ? .regular : stored.kind
    let sideKey = stored.side.map { context.keySpace.key(of: $0) }
    let extended = try await SideObject.read(sideKey, context) ?? stored.extended
    return LearnedAttributes(
      kind: kind, permissions: stored.permissions, owner: stored.owner,
      accessed: stored.accessed ?? stored.modified, modified: stored.modified,
      changed: stored.changed ?? stored.modified, device: stored.device, target: target,
      extended: extended.consistent(with: stored.permissions, of: kind), sideKey: sideKey,
      link: LinkGroup(metadata: head.headers.metadata))
  }
}
