import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Fills content files from the store: every reader waits for its own range and nothing else, and
/// no byte is fetched twice at a time.
final class Downloader: Sendable {
  /// A reader waits: shorter than for work in the background.
  private static let backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))

  private let store: any ObjectStore
  private let catalog: Catalog
  private let space: CacheSpace
  private let beginnings: Beginnings
  private let environment: Environment
  private let deadline: Duration
  private let health: StoreHealth
  private let statistics: Statistics
  private let log: Logger
  private let invalidate: @Sendable (InodeNumber) -> Void
  private let holders = Mutex(Holders())
  private let ended = Wakeup()

  /// Requests that hold room for bytes on their way, which cannot be evicted yet.
  private struct Holders {
    var count = 0
    /// All that there ever were.
    var begun = 0
  }

  /// - Parameter invalidate: tells the kernel that a file has become another one.
  init(
    store: any ObjectStore, catalog: Catalog, space: CacheSpace, beginnings: Beginnings,
    environment: Environment, deadline: Duration, health: StoreHealth, statistics: Statistics,
    log: Logger, invalidate: @escaping @Sendable (InodeNumber) -> Void
  ) {
    self.store = store
    self.catalog = catalog
    self.space = space
    self.beginnings = beginnings
    self.environment = environment
    self.deadline = deadline
    self.health = health
    self.statistics = statistics
    self.log = log
    self.invalidate = invalidate
  }

  /// Returns when `range` is here. Waits as long as bytes of it arrive before each deadline.
  func require(
    _ range: Range<Int64>, of content: FileContent
  ) async throws(FileSystemError) {
    let missing = content.missingBytes(in: range)
    let arrival = content.state.withLock { state -> Deferred<Void>? in
      guard !state.lifecycle.missing(in: range).isEmpty else { return nil }
      let arrival = Deferred<Void>()
      state.waiters.append((state.nextWaiter, range, arrival))
      state.nextWaiter += 1
      return arrival
    }
    start(range, of: content)
    guard let arrival else { return }
    do throws(FileSystemError) {
      try await arrival.wait(
        "read", for: deadline, since: missing, progress: { content.missingBytes(in: range) },
        environment)
    } catch {
      content.state.withLock { $0.waiters.removeAll { $0.arrival === arrival } }
      // Not we were cancelled but a fetch that nobody needed a moment ago.
      if error.errno == .interrupted, !Task.isCancelled {
        return try await require(range, of: content)
      }
      throw error
    }
  }

  /// Starts to fetch what of `window` is neither here nor on its way.
  func start(_ window: Range<Int64>, of content: FileContent) {
    let runs = content.state.withLock { $0.lifecycle.beginFetching(window) }
    for run in runs {
      content.state.withLock { state in
        let id = state.nextFetch
        state.nextFetch += 1
        state.users += 1
        state.fetches[id] = environment.spawn("download") { [self] in
          await fetch(run, of: content)
          content.state.withLock { state in
            state.fetches[id] = nil
          }
          space.release(user: content)
        }
      }
    }
  }

  /// Fetches one run, going on where a broken answer ended, until the deadline.
  private func fetch(_ run: Range<Int64>, of content: FileContent) async {
    var began = environment.now()
    var rest = run
    var attempt = 0
    while true {
      rest = clipped(rest, to: content)
      if rest.isEmpty { return }
      let before = rest
      let object = content.state.withLock { $0.object }
      do throws(ObjectStoreError) {
        try await fetchOnce(&rest, of: content, from: object)
      } catch {
        let error = await cause(of: error, content, object)
        guard let error else { continue }
        // The deadline is for a store that gives nothing, not for a slow one.
        if rest != before { (began, attempt) = (environment.now(), 0) }
        attempt += 1
        let elapsed = environment.now().duration(since: began)
        guard error.isTransient, elapsed < deadline, !Task.isCancelled else {
          if error.isTransient { health.failed(error) }
          content.fail(rest, with: Self.failure(error))
          return
        }
        await environment.sleep(
          Self.backoff.delay(afterFailures: attempt, jitter: environment.random()))
      }
    }
  }

  /// What of a range is still the object's, of a file that may have become shorter since.
  private func clipped(_ range: Range<Int64>, to content: FileContent) -> Range<Int64> {
    let rest = content.state.withLock { state in
      let lifecycle = state.lifecycle
      let end = min(
        range.upperBound, max(range.lowerBound, min(lifecycle.size, lifecycle.baseSize)))
      state.lifecycle.endFetching(end..<range.upperBound)
      return range.lowerBound..<end
    }
    if rest != range { content.wakeReaders() }
    return rest
  }

  /// Why a fetch failed; `nil` when it is worth another one at once. We may ourselves be moving the
  /// object, replacing it, or giving it other attributes: the version that was asked for is then
  /// gone, but the bytes that are missing here are not.
  private func cause(
    of error: ObjectStoreError, _ content: FileContent, _ object: StoredObject?
  ) async -> ObjectStoreError? {
    guard error.kind == .notFound || error.kind == .preconditionFailed, let object,
      !content.state.withLock({ $0.isSuperseded })
    else { return error }
    if content.state.withLock({ $0.object }) != object { return nil }
    do {
      let found = try await store.head(object.key)
      let current = StoredObject(key: object.key, etag: found.etag, size: found.size)
      guard let token = CommitToken(found, at: object.key, generation: catalog.generation),
        try recognises(current, token, insteadOf: object, of: content)
      else { return content.state.withLock({ $0.object }) == object ? error : nil }
      content.state.withLock { state in
        // Another one still may have been committed by now.
        if state.object == object { state.object = current }
      }
      return nil
    } catch let failure as ObjectStoreError {
      if content.state.withLock({ $0.object }) != object { return nil }
      return failure.kind == .notFound ? error : failure
    } catch {
      return ObjectStoreError.catalog(error)
    }
  }

  private func recognises(
    _ found: StoredObject, _ token: CommitToken, insteadOf object: StoredObject,
    of content: FileContent
  ) throws -> Bool {
    let (isTaken, isCut) = try content.recognise(
      found, token, insteadOf: object, catalog, space, now: environment.now())
    if isCut { invalidate(content.inode) }
    return isTaken || isCut
  }

  private func fetchOnce(
    _ rest: inout Range<Int64>, of content: FileContent, from object: StoredObject?
  ) async throws(ObjectStoreError) {
    guard let object else {
      // Replaced or deleted by somebody else while there were changes here.
      throw ObjectStoreError(.notFound, code: "NoObject", message: lacking(rest, of: content))
    }
    space.beginFetch()
    defer { space.endFetch() }
    let asked = try await takeRoom(for: rest)
    var unused = Int64(asked.count)
    defer {
      space.release(unused)
      persist(content, asked.lowerBound..<rest.lowerBound)
      holders.withLock { $0.count -= 1 }
      ended.signal()
    }
    if asked.lowerBound == 0, let beginning = beginnings.take(object) {
      let bytes = Array(beginning.prefix(asked.count))
      unused -= try take(bytes, &rest, of: content, from: object)
      return
    }
    let download = try await store.get(object.key, range: asked, ifMatch: object.etag)
    guard download.info.size == object.size else {
      throw ObjectStoreError(
        .unavailable, code: "InvalidAnswer",
        message: "\(object.key) has \(object.size) bytes, not \(download.info.size)")
    }
    statistics.downloads.add(1)
    while let chunk = try await download.body.next() {
      unused -= try take(chunk, &rest, of: content, from: object)
    }
  }

  /// Puts the next bytes of `rest` into the content file. Returns how many of them are news.
  private func take(
    _ bytes: [UInt8], _ rest: inout Range<Int64>, of content: FileContent,
    from object: StoredObject
  ) throws(ObjectStoreError) -> Int64 {
    let fresh: Int64?
    do throws(Errno) {
      fresh = try content.accept(bytes, at: rest.lowerBound, of: object.etag)
    } catch {
      throw ObjectStoreError(
        .invalid, code: ObjectStoreError.LocalCode.cacheDisk,
        message: "The cache disk failed: \(error)")
    }
    guard let fresh else {
      throw ObjectStoreError(
        .unavailable, code: "Replaced", message: "The object became another one meanwhile")
    }
    rest = rest.lowerBound + Int64(bytes.count)..<rest.upperBound
    return fresh
  }

  /// Why bytes cannot be fetched that no object holds, and what can be done about it.
  private func lacking(_ range: Range<Int64>, of content: FileContent) -> String {
    let path = (try? catalog.path(of: content.inode)) ?? nil
    let name = path.map { $0.map(\.text).joined(separator: "/") } ?? "inode \(content.inode)"
    return "The bytes \(range) of \(name) are not cached here, and no object in the store holds "
      + "them: write the file anew, or delete it"
  }

  /// Room for the beginning of `range`, as much as there is. In a cache that is small for all that
  /// is on its way, others get theirs first.
  private func takeRoom(
    for range: Range<Int64>
  ) async throws(ObjectStoreError) -> Range<Int64> {
    while true {
      let (event, before) = (ended.event, holders.withLock { $0 })
      if let part = reserve(range) {
        holders.withLock { $0 = Holders(count: $0.count + 1, begun: $0.begun + 1) }
        return part
      }
      let wasAlone = before.count == 0 && holders.withLock { $0.begun } == before.begun
      if !wasAlone, (try? await event.wait("download", for: deadline, environment)) != nil {
        continue
      }
      throw ObjectStoreError(
        .invalid, code: ObjectStoreError.LocalCode.cacheFull,
        message: "The cache is full of files not uploaded yet")
    }
  }

  private func reserve(_ range: Range<Int64>) -> Range<Int64>? {
    var part = range
    while !space.reserve(Int64(part.count)) {
      guard part.count > Int(ReadWindow.blockSize) else { return nil }
      part = part.lowerBound..<part.lowerBound + Int64(part.count / 2)
    }
    return part
  }

  private static func failure(_ error: ObjectStoreError) -> FileSystemError {
    error.code == ObjectStoreError.LocalCode.cacheFull
      ? .cacheFull("read") : FileSystemError(error, "read")
  }

  /// Extents follow their bytes. When this fails the bytes are fetched again some day.
  private func persist(_ content: FileContent, _ range: Range<Int64>) {
    guard !range.isEmpty else { return }
    do throws(FileSystemError) {
      try content.changing.withLock { _ throws(FileSystemError) in
        guard !content.state.withLock({ $0.isSuperseded }) else { return }
        content.sumRest(of: range)
        try content.recordExtents(around: range, catalog, now: environment.now())
      }
    } catch {
      log.warning("Extents of inode \(content.inode) were not recorded: \(error)")
    }
  }
}
