import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Makes the store equal to the tree: takes what is due from the journal, some at a time, never two
/// at one inode or one key, and puts off or parks what fails.
final class Reconciler: Sendable {
  /// How long a deleted key is remembered for listings that began before: longer than any takes.
  private static let tombstoneMemory: Duration = .seconds(3_600)
  /// Items looked at together for some that can be begun.
  private static let searchedPage = 64
  /// As many pages hold more items than a batch of deletes can hold back; an item takes about
  /// 0.1 ms, if it is held back.
  private static let searchedPages = 17
  /// How long the delete or the replacement of an object is put off that an open file still needs
  /// bytes of.
  static let heldInterval: Duration = .seconds(5)
  /// Between two looks while files go up: what happens meanwhile is one look. Less than a request
  /// takes to any store but one on this host.
  private static let pace: Duration = .milliseconds(4)
  /// Of the probe, behind the start.
  private static let probePause: Duration = .seconds(1)
  /// Looks at the journal at least this often, and writes down the times of use.
  private static let housekeepingInterval: Duration = .seconds(30)

  struct State {
    var room: UploadRoom
    var busyKeys: Set<ObjectKey> = []
    var isDeleting = false
    /// Deletes that were put off because an open file needs the object.
    var held: Set<ObjectKey> = []
    var isPaused: Bool
    var loop: Task<Void, Never>?
    var jobs: [Int: Task<Void, Never>] = [:]
    var nextJob = 0
    var isStopping = false
    /// When the loop wakes by itself; while it looks, whatever comes is later than its look.
    var nextLook = Timestamp(seconds: .max)
  }

  let context: VolumeContext
  let conditions: WriteConditions
  private let reconciliation: Reconciliation
  let refresher: DirectoryRefresher
  let schedule = RetrySchedule()
  private let cleaner: UploadCleaner
  let completer: Completer
  private let scrubber: Scrubber
  let state: Mutex<State>
  /// Something became due, or somebody wants it earlier.
  let changed = Wakeup()
  /// An item was finished, put off or parked.
  let progress = Wakeup()

  init(_ context: VolumeContext, _ downloader: Downloader, _ refresher: DirectoryRefresher) {
    self.context = context
    self.refresher = refresher
    let expansion = TreeExpansion(context, refresher, journalChanged: changed)
    conditions = WriteConditions(context, expansion)
    reconciliation = Reconciliation(
      context: context, downloader: downloader, conditions: conditions, expansion: expansion)
    cleaner = UploadCleaner(context)
    completer = Completer(context, downloader)
    scrubber = Scrubber(context: context, downloader: downloader)
    state = Mutex(
      State(
        room: UploadRoom(limit: context.options.uploadConcurrency),
        isPaused: !context.options.uploadEnabled))
    context.health.onRecovery { [weak self] in self?.endBackoff() }
    context.doubts.onNew { [weak self] in self?.changed.signal() }
  }

  private func endBackoff() {
    let now = context.environment.now()
    ignoringFailure { try $0.endBackoff(at: now) }
    changed.signal()
  }

  func start() {
    let loop = context.environment.spawn("reconciler") { [self] in await run() }
    state.withLock { $0.loop = loop }
  }

  func stop() async {
    let tasks = state.withLock { state in
      state.isStopping = true
      return Array(state.jobs.values) + [state.loop].compactMap { $0 }
    }
    for task in tasks { task.cancel() }
    changed.signal()
    for task in tasks { await task.value }
  }

  /// The journal has a new row, or one that is due at another time. Wakes the loop only when that
  /// is earlier than it would wake by itself: a thousand new files are one look.
  func journalChanged() {
    let options = context.options
    let delay = min(options.uploadDelay, options.deleteDelay ?? options.uploadDelay)
    let due = context.environment.now().advanced(by: delay)
    if state.withLock({ due < $0.nextLook && !$0.isPaused }) { changed.signal() }
  }

  var isPaused: Bool {
    get { state.withLock { $0.isPaused } }
    set {
      state.withLock { $0.isPaused = newValue }
      changed.signal()
    }
  }

  /// What ``stop()`` would wait for.
  var jobCount: Int { state.withLock { $0.jobs.count } }

  var activeCount: (uploads: Int, deletes: Int) {
    state.withLock { ($0.room.count, $0.isDeleting ? 1 : 0) }
  }

  // MARK: The loop

  private func run() async {
    spawn("inspector") { [self] in await inspect() }
    spawn("scrubber") { [self] in await scrubber.run() }
    spawn("completer") { [self] in await completer.run { self.activeCount.uploads > 0 } }
    spawn("probe") { [self] in await prepare() }
    while !Task.isCancelled {
      let event = changed.event
      startDue()
      await wait(for: event)
      if state.withLock({ $0.room.count > 0 }) { await context.environment.sleep(Self.pace) }
      await askIfOffline()
    }
  }

  /// Finds out what the store can do while nothing waits for it, and behind what the applications
  /// ask for first. A failure is found again by the first upload.
  private func prepare() async {
    await context.environment.sleep(Self.probePause)
    guard !context.options.readOnly, !isPaused, !Task.isCancelled else { return }
    _ = try? await conditions.storeFeatures()
  }

  private func wait(for event: Deferred<Void>) async {
    let now = context.environment.now()
    var pause =
      context.health.offline == nil ? Self.housekeepingInterval : StoreHealth.probeInterval
    if !isPaused, let due = try? context.catalog.nextDue(), due > now {
      pause = min(pause, due.duration(since: now))
    }
    let nextLook = now.advanced(by: pause)
    state.withLock { $0.nextLook = nextLook }
    // Its failure is the passing of time.
    _ = try? await event.wait("reconcile", for: pause, context.environment)
    state.withLock { $0.nextLook = Timestamp(seconds: .max) }
    context.space.persistTouches()
    if context.keeper.isDue() { spawn("disk keeper") { [self] in context.keeper.keep() } }
  }

  /// A store that does not answer is asked now and then; when it does, nothing waits out its
  /// back-off. Where the question fails, one item is tried: a store may take what it cannot list.
  private func askIfOffline() async {
    guard context.health.offline != nil, context.health.mayAsk(), !Task.isCancelled else { return }
    let request = ListRequest(
      prefix: context.keySpace.prefix, foldsDirectories: true, pageSize: 1)
    do throws(ObjectStoreError) {
      _ = try await context.store.list(request)
    } catch {
      if error.isTransient { context.health.failed(error) }
      startDue(isTrial: true)
    }
  }

  /// - Parameter isTrial: although the store does not answer. A thousand files would ask it a
  ///   thousand times, each as often as a call is repeated.
  private func startDue(isTrial: Bool = false) {
    guard isTrial || context.health.offline == nil else { return }
    startLooks()
    guard !state.withLock({ $0.isPaused || $0.isStopping }) else { return }
    do throws(CatalogError) {
      let now = context.environment.now()
      let oldest = now.advanced(by: .zero - Self.tombstoneMemory)
      let work = try context.catalog.dueWork(by: now, forgettingBefore: oldest)
      if work.uploads {
        try startUploads(now, isTrial: isTrial)
      }
      if work.deletes { try startDeletes(now) }
      if work.abandoned { try startCleaning(now) }
      if work.remembered { try context.catalog.forgetDeleted(before: oldest) }
    } catch {
      context.log.error("The journal cannot be read: \(error)")
    }
  }

  /// What somebody else has a claim on is passed over for what is due behind it.
  private func startUploads(_ now: Timestamp, isTrial: Bool) throws(CatalogError) {
    var left = isTrial ? (activeCount.uploads == 0 ? 1 : 0) : .max
    var last: JournalItem?
    for _ in 0..<Self.searchedPages {
      guard left > 0, !state.withLock({ $0.room.isFull }) else { return }
      let page = try context.catalog.dueItems(by: now, limit: Self.searchedPage, after: last)
      for item in page where left > 0 {
        switch start(item, now, isTrial: isTrial) {
        case .begun: left -= 1
        case .claimed: break
        // What becomes free is for this one: others behind it would take it piece by piece.
        case .full: return
        }
      }
      guard page.count == Self.searchedPage else { return }
      last = page.last
    }
  }

  private enum Beginning {
    case begun
    /// Somebody else works on the inode, or at one of its keys.
    case claimed
    /// There is no room for one of its size.
    case full
  }

  private func start(_ item: JournalItem, _ now: Timestamp, isTrial: Bool) -> Beginning {
    let size = (try? context.catalog.inode(item.inode))??.size ?? 0
    let (isClaimed, fits) = state.withLock { ($0.room.contains(item.inode), $0.room.fits(size)) }
    if isClaimed { return .claimed }
    guard fits else { return .full }
    guard let claim = claim(item.inode) else { return .claimed }
    // Its room may be that of one which has found the store away.
    guard isTrial || context.health.offline == nil else {
      release(claim)
      return .full
    }
    // Whoever had it until now may have parked it since it was looked for.
    guard (try? context.catalog.isDue(item.inode, by: now)) == true else {
      release(claim)
      return .claimed
    }
    spawn("upload") { [self] in
      await run(item, claim)
      release(claim)
    }
    return .begun
  }

  /// Keeps everybody else from working on an inode and its keys; `nil` when somebody does.
  func claim(_ inode: InodeNumber) -> ReconcilerClaim? {
    guard !state.withLock({ $0.room.contains(inode) }) else { return nil }
    let placement = (try? context.catalog.placement(of: inode)) ?? nil
    let keys = placement.map(reconciliation.keys(of:)) ?? []
    return state.withLock { state in
      guard !state.room.contains(inode), state.busyKeys.isDisjoint(with: keys) else { return nil }
      state.room.enter(inode, size: placement?.inode.size ?? 0)
      state.busyKeys.formUnion(keys)
      return ReconcilerClaim(inode: inode, keys: keys)
    }
  }

  /// What is due meanwhile is looked for again.
  func release(_ claim: ReconcilerClaim) {
    state.withLock { state in
      state.room.leave(claim.inode)
      state.busyKeys.subtract(claim.keys)
    }
    changed.signal()
  }

  /// Those of the keys that nobody works on, and that are the caller's now.
  func take(_ keys: some Sequence<ObjectKey>) -> Set<ObjectKey> {
    state.withLock { state in
      let free = Set(keys).subtracting(state.busyKeys)
      state.busyKeys.formUnion(free)
      return free
    }
  }

  /// Does nothing once ``stop()`` has begun, which waits for those that it finds.
  func spawn(_ name: String, _ work: @escaping @Sendable () async -> Void) {
    state.withLock { state in
      guard !state.isStopping else { return }
      let id = state.nextJob
      state.nextJob += 1
      state.jobs[id] = context.environment.spawn(name) { [self] in
        await work()
        self.state.withLock { $0.jobs[id] = nil }
        changed.signal()
        progress.signal()
      }
    }
  }

  // MARK: One item

  private func run(_ item: JournalItem, _ claim: ReconcilerClaim) async {
    do throws(ObjectStoreError) {
      switch try await reconciliation.run(item, claimed: claim.keys) {
      case .done, .again: break
      case .notYet(let due): postpone(item, until: due, error: nil)
      case .resolved(let error): failed(item, error)
      }
    } catch {
      if Task.isCancelled { return }
      failed(item, error)
    }
  }

  private func failed(_ item: JournalItem, _ error: ObjectStoreError) {
    if error.kind == .unavailable || error.kind == .throttled { context.health.failed(error) }
    let now = context.environment.now()
    let verdict = UploadVerdict(error)
    let due = schedule.due(
      after: verdict, failures: item.attempts + 1, now: now,
      jitter: context.environment.random())
    if let due {
      postpone(item, until: due, error: error.description)
    } else {
      let path = (try? context.catalog.path(of: item.inode)) ?? nil
      context.log.error(
        "Parked until `mediafs retry`: \(error)",
        metadata: ["path": "\(path.map { $0.map(\.text).joined(separator: "/") } ?? "?")"])
      ignoringFailure { try $0.park(item.inode, error: error.description) }
    }
  }

  private func postpone(_ item: JournalItem, until due: Timestamp, error: String?) {
    ignoringFailure { try $0.postpone(item.inode, until: due, error: error) }
  }

  /// The row stays as it was, and is found again.
  func ignoringFailure(_ change: (Catalog) throws -> Void) {
    do {
      try change(context.catalog)
    } catch {
      context.log.error("The journal was not written: \(error)")
    }
  }

  // MARK: Abandoned uploads

  /// Not at a key that is worked on: the upload that was begun there a moment ago is not known yet.
  private func startCleaning(_ now: Timestamp) throws(CatalogError) {
    guard cleaner.mayClean(now) else { return }
    let all = try context.catalog.abandonedUploads(limit: UploadCleaner.batch)
    let copying = context.partCopies.withLock { $0 }
    let keys = take(all.map(\.key).filter { !copying.contains($0) })
    guard !keys.isEmpty else { return }
    let abandoned = all.filter { keys.contains($0.key) }
    spawn("abort") { [self] in
      await cleaner.clean(abandoned)
      state.withLock { $0.busyKeys.subtract(keys) }
    }
  }
}
