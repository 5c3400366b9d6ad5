import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Room in the cache: accounted before a byte is written, made by evicting the least recently
/// used segments of clean files, open ones included.
final class CacheSpace: Sendable {
  /// Candidates that one look into the catalog brings: enough for some GiB, cheap to sort.
  private static let batch = 128

  let account: CacheAccount
  let catalog: Catalog
  private let registry: ContentRegistry
  private let keeper: DiskKeeper
  private let environment: Environment
  let statistics: Statistics
  /// `local.keep`
  private let kept: PatternList
  let log: Logger
  private let touched = Mutex<[Segment: Timestamp]>([:])
  /// What was held at the start, until it is counted.
  private let uncounted: Mutex<OpeningUsage?>
  /// When there was no room the last time.
  private let shortage = Mutex<Timestamp?>(nil)
  /// After this long it is tried again to read ahead, which costs some fetched bytes if in vain.
  private static let shortageMemory: Duration = .seconds(5)
  private let fetches = Atomic<Int>(0)
  /// One at a time makes room: two evictions would choose the same victims.
  private let makingRoom = Mutex(())

  init(
    account: CacheAccount, uncounted: OpeningUsage?, catalog: Catalog, registry: ContentRegistry,
    keeper: DiskKeeper,
    environment: Environment, statistics: Statistics, kept: PatternList, log: Logger
  ) {
    self.keeper = keeper
    self.kept = kept
    self.account = account
    self.uncounted = Mutex(uncounted)
    self.catalog = catalog
    self.registry = registry
    self.environment = environment
    self.statistics = statistics
    self.log = log
  }

  /// Counts what was held at the start, if nobody has: behind the mount, or for the first who
  /// needs room. A catalog of a million cached files takes a second, which no `stat` waits for.
  func count() {
    uncounted.withLock { uncounted in
      guard let usage = uncounted else { return }
      do throws(CatalogError) {
        account.begin(with: try usage.bytes())
        uncounted = nil
      } catch {
        log.error("What the cache holds was not counted: \(error)")
      }
    }
  }

  /// Downloads that take or hold room for what is on its way to them, also where nobody has the
  /// content any more.
  var fetchCount: Int { fetches.load(ordering: .sequentiallyConsistent) }

  func beginFetch() { fetches.add(1, ordering: .sequentiallyConsistent) }

  func endFetch() { fetches.subtract(1, ordering: .sequentiallyConsistent) }

  /// Takes room for bytes that are fetched, evicting what is needed; false when only bytes are left
  /// that cannot go.
  func reserve(_ bytes: Int64) -> Bool {
    reserve(bytes, leaving: 0)
  }

  /// Takes room for bytes that the store does not have. They cannot go before they are uploaded,
  /// and leave some room to who reads meanwhile.
  func reserve(forChange bytes: Int64) -> Bool {
    reserve(bytes, leaving: account.readersRoom)
  }

  private func reserve(_ bytes: Int64, leaving: Int64) -> Bool {
    if bytes <= 0 || account.reserve(bytes, leaving: leaving) { return true }
    count()
    return makingRoom.withLock { _ in
      // Their room is counted as free already; on the disk it may not be yet.
      keeper.removeCondemned()
      persistTouches()
      while !account.reserve(bytes, leaving: leaving) {
        guard evictSome(atLeast: bytes) else {
          shortage.withLock { $0 = environment.now() }
          return false
        }
      }
      return true
    }
  }

  /// Whether so many bytes fit in without anything being evicted.
  func hasRoom(for bytes: Int64) -> Bool { account.hasRoom(for: bytes) }

  /// Nothing is fetched ahead of readers meanwhile: what they read next would drive out what they
  /// are about to read.
  var isShort: Bool {
    guard let last = shortage.withLock({ $0 }) else { return false }
    return environment.now().duration(since: last) < Self.shortageMemory
  }

  /// Frees what was deleted. The kernel says so after the delete has returned: whoever finds no
  /// room meanwhile waits for the end.
  func free(_ body: () -> Void) {
    makingRoom.withLock { _ in body() }
  }

  /// Gives the disk what was deleted. Blocks for the disk only.
  func removeCondemned() {
    keeper.removeCondemned()
  }

  func release(_ bytes: Int64) {
    if bytes > 0 { account.release(bytes) }
  }

  /// Corrects a reservation once it is known what was used.
  func adjust(reserved: Int64, used: Int64) {
    account.release(reserved - used)
  }

  /// Gives a content back that a download used.
  func release(user content: FileContent) {
    _ = registry.release(content, asHandle: false)
  }

  /// A reader was here: these segments are evicted last.
  func touch(_ range: Range<Int64>, of content: ContentNumber) {
    let now = environment.now()
    touched.withLock { touched in
      for index in Segment.covering(range) {
        touched[Segment(content: content, index: index)] = now
      }
    }
  }

  /// Writes down when segments were last read. Called now and then, and before an eviction.
  func persistTouches() {
    let times = touched.withLock { touched in
      defer { touched = [:] }
      return touched
    }
    do {
      try catalog.touch(times)
    } catch {
      log.warning("The times of use were not recorded: \(error)")
    }
  }

  /// What an eviction drops at least, as a part of the limit and in bytes: each one waits for the
  /// disk once.
  private static let evictedPart: Int64 = 32
  private static let evictedAtOnce: Int64 = 64 << 20

  /// A segment that the catalog has forgotten, of a content that is held until its room is free.
  private struct Dropped {
    var content: FileContent
    var runs: [Range<Int64>]
    var freed: Int64
  }

  /// False when there is nothing left that could go.
  private func evictSome(atLeast needed: Int64) -> Bool {
    let bytes = max(needed, min(account.limit / Self.evictedPart, Self.evictedAtOnce))
    var freed: Int64 = 0
    var dropped: [Dropped] = []
    var keeping: [Segment: Timestamp] = [:]
    do throws(CatalogError) {
      repeat {
        let candidates = try catalog.evictable(limit: Self.batch)
          .filter { keeping[$0.segment] == nil }
        if candidates.isEmpty { break }
        var kept: [Segment: Timestamp] = [:]
        for candidate in candidates where freed < bytes {
          if !keeps(candidate), let drop = evict(candidate) {
            freed += drop.freed
            dropped.append(drop)
          } else {
            // Or in use, however long ago that began: others behind it may go.
            kept[candidate.segment] = environment.now()
          }
        }
        // What is kept counts as used just now: the next look finds it behind all others.
        try catalog.touch(kept)
        keeping.merge(kept) { $1 }
      } while dropped.isEmpty && !keeping.isEmpty
    } catch {
      log.error("Nothing can be evicted: \(error)")
    }
    free(dropped)
    return !dropped.isEmpty
  }

  /// After a power cut the catalog may be as it was before what it has forgotten last, so that has
  /// to be on disk first: it would take what is a hole by then for the file's bytes.
  private func free(_ dropped: [Dropped]) {
    guard !dropped.isEmpty else { return }
    defer {
      for drop in dropped { _ = registry.release(drop.content, asHandle: false) }
    }
    do throws(CatalogError) {
      try catalog.synchronize()
    } catch {
      // Room that nobody can use until the content is opened anew is better than zeros.
      return log.error("What was evicted keeps its room: \(error)")
    }
    for drop in dropped {
      do throws(Errno) {
        try drop.content.punch(drop.runs)
      } catch {
        log.warning("A segment of inode \(drop.content.inode) keeps its room: \(error)")
      }
      account.release(drop.freed)
      statistics.evictions.add(1)
    }
  }

  /// False also when that cannot be told: a cache that is full serves nobody.
  private func keeps(_ candidate: EvictableSegment) -> Bool {
    guard !kept.isEmpty, let path = try? catalog.path(of: candidate.inode) else { return false }
    return kept.covers(path)
  }

  /// One that cannot be evicted must not keep the others.
  private func evict(_ candidate: EvictableSegment) -> Dropped? {
    do {
      return try drop(candidate.segment, of: candidate.inode)
    } catch {
      log.warning("A segment of inode \(candidate.inode) was not evicted: \(error)")
      return nil
    }
  }

  /// The disk cannot read these bytes any more. What of them the store has is dropped, and fetched
  /// to another place when it is asked for again.
  ///
  /// - Returns: false when nothing could be dropped: they are nowhere else.
  func discard(unreadable range: Range<Int64>, of content: FileContent) -> Bool {
    var dropped: [Dropped] = []
    for index in Segment.covering(range) {
      let segment = Segment(content: content.number, index: index)
      do {
        if let drop = try drop(segment, of: content.inode, isUnreadable: true) {
          dropped.append(drop)
        }
      } catch {
        log.error("What cannot be read of \(name(of: content)) was not dropped: \(error)")
      }
    }
    free(dropped)
    if dropped.isEmpty {
      log.critical(
        """
        The cache disk cannot read \(range) of \(name(of: content)), which the store does not \
        have: save what can be read, and replace the disk
        """)
    } else {
      log.warning(
        "The cache disk cannot read \(range) of \(name(of: content)): it is fetched again")
    }
    return !dropped.isEmpty
  }

  /// Drops one segment; `nil` when somebody reads it, or it is dirty by now.
  private func drop(
    _ segment: Segment, of inode: InodeNumber, isUnreadable: Bool = false
  ) throws -> Dropped? {
    let content = try registry.acquire(inode, asHandle: false)
    var isHeld = false
    defer { if !isHeld { _ = registry.release(content, asHandle: false) } }
    guard content.number == segment.content,
      let (runs, freed) = try content.evict(
        segment, catalog, now: environment.now(), isUnreadable: isUnreadable)
    else { return nil }
    isHeld = true
    // What cannot be read is no reason to show zeros to who has it mapped.
    let keepsRoom = isUnreadable && content.isInSight
    return Dropped(content: content, runs: keepsRoom ? [] : runs, freed: freed)
  }
}
