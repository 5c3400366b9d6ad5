import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

/// The bytes of one file version on the local disk, and everybody who reads, writes, fetches or
/// uploads them. One per inode while anybody does.
///
/// Locks, in this order: ``changing`` (serialises changes of the content file; held over local
/// disk and catalog, never over the network), the catalog's own, ``state`` (a leaf: nothing
/// blocks beneath it).
final class FileContent: Sendable {
  struct State {
    var lifecycle: FileLifecycle
    /// The holes that the catalog knows.
    var recordedHoles: ByteRangeSet
    /// Where missing bytes come from; another version than the content began with never.
    var object: StoredObject?
    var modified: Timestamp
    var waiters: [(id: Int, range: Range<Int64>, arrival: Deferred<Void>)] = []
    var nextWaiter = 0
    /// Fetches under way, to be cancelled when nobody needs them any more.
    var fetches: [Int: Task<Void, Never>] = [:]
    var nextFetch = 0
    /// Open handles and background work that keep this in memory.
    var users = 0
    /// Open files; while there are any, downloads go on ahead of the readers.
    var handles = 0
    /// The object changed at the store: missing bytes can no longer be had.
    var isSuperseded = false
    /// The name is gone; the bytes go with the last handle.
    var isOrphan = false
    /// What the content file says of itself; `nil` where that is not known.
    var label: [UInt8]?
    /// Segments in which bytes have come to blocks that have others already, and may not be on the
    /// disk: no row of a changed file says that they are here before they are.
    var filledUp: Set<Int64> = []
    /// Damaged bytes that are not here any more, and have kept their room.
    var damaged = ByteRangeSet()
    /// A block did not agree with its sum.
    var wasDamaged = false
    /// Bytes have taken the place of damaged ones, and may not be on the disk.
    var isHealing = false
    var writeBehind = WriteBehind()
    /// What the content file says of its seams; `nil` where that is not known.
    var seams: Range<Int64>?
    /// The kernel reads the content file itself, which had so many bytes when that began: nothing
    /// of it goes meanwhile.
    var held: Int64?
    /// Opens through which a process may map the content file and write to it, of which nobody is
    /// told; and whether one that has ended may have left such a mapping.
    var mappers = 0
    /// When the content file was written to last, as far as ``modified`` tells of it.
    var accounted: Timestamp?
    /// How far this is a copy of a committed object, from the first byte on.
    var copy: CopyProgress?
    /// What of it went up while it is being written.
    var parts: PartsAhead?

    /// Where an open file's bytes are that are not here, or may turn out to be damaged; `nil`
    /// when there are none.
    var neededObject: StoredObject? {
      let isIntact =
        lifecycle.missing(in: 0..<lifecycle.size).isEmpty && !lifecycle.sums.hasUnverified
      return handles > 0 && !isIntact ? object : nil
    }

    /// The next change is about to reach the content file: of a range, and of where it ends.
    mutating func willChange(_ range: Range<Int64>, endingAt size: Int64? = nil) {
      lifecycle.willChange()
      parts?.willChange(range)
      if let size { parts?.willEnd(at: size) }
    }

    /// Bytes of a range are about to be here.
    mutating func willHold(_ range: Range<Int64>) {
      if lifecycle.fillsUp(range) { filledUp.formUnion(Segment.covering(range)) }
      if damaged.intersects(range) { isHealing = true }
      damaged.remove(range)
    }

    /// Whether bytes have to be on the disk before rows of these segments are.
    func waitsForDisk(_ segments: Range<Int64>) -> Bool {
      isHealing || lifecycle.isDirty && filledUp.contains { segments.contains($0) }
    }

    func evictable(in range: Range<Int64>) -> [Range<Int64>] {
      held == nil ? lifecycle.evictable(in: range, sparing: waiters.map(\.range)) : []
    }
  }

  let inode: InodeNumber
  let number: ContentNumber
  let file: any ContentFile
  let state: Mutex<State>
  let changing = Mutex(())
  /// How far ahead of its readers bytes are fetched.
  let window: Mutex<ReadWindow>
  /// Sums what comes; used under ``changing``.
  let arriving = Mutex(BlockSummer())

  init(
    record: InodeRecord, present: ByteRangeSet, holes: ByteRangeSet, changed: ByteRangeSet,
    sums: BlockSums, file: any ContentFile, window: ReadWindow
  ) {
    self.window = Mutex(window)
    inode = record.number
    number = record.content
    self.file = file
    var lifecycle = FileLifecycle(
      size: record.size, baseSize: record.baseSize, present: present, holes: holes,
      changed: changed, sums: sums, version: record.version,
      committedVersion: record.committedVersion)
    if record.isWriting { lifecycle.wasBeingWritten() }
    if record.copied?.version == record.version { lifecycle.becameCopy() }
    state = Mutex(
      State(
        lifecycle: lifecycle, recordedHoles: holes, object: record.object,
        modified: record.modified, isOrphan: record.linkCount == 0))
  }

  /// Of a file that was made a moment ago, by who writes to it: the catalog says so.
  convenience init(new record: InodeRecord, file: any ContentFile, window: ReadWindow) {
    self.init(
      record: record, present: ByteRangeSet(), holes: ByteRangeSet(), changed: ByteRangeSet(),
      sums: BlockSums(), file: file, window: window)
    state.withLock { state in
      state.lifecycle.began(version: record.version)
      state.seams = 0..<0
      (state.users, state.handles) = (1, 1)
    }
  }

  var size: Int64 { state.withLock { $0.lifecycle.size } }

  /// Size, room and time as the application sees them, which the catalog's row may not know yet.
  struct Shape {
    var size: Int64
    var holes: Int64
    var modified: Timestamp
    var isSettled: Bool
  }

  var shape: Shape {
    state.withLock {
      Shape(
        size: $0.lifecycle.size, holes: $0.lifecycle.holes.count, modified: $0.modified,
        isSettled: $0.lifecycle.isSettled)
    }
  }

  var residentBytes: Int64 { state.withLock { $0.lifecycle.residentBytes } }

  /// Whether the last name is gone, and bytes that are not here with it.
  var isLost: Bool {
    state.withLock { state in
      state.isOrphan && state.object == nil
        && !state.lifecycle.missing(in: 0..<state.lifecycle.size).isEmpty
    }
  }

  // MARK: Reading

  /// Keeps a range from being evicted if all of it is here; `nil` if some of it is not. The range
  /// is clipped to the file.
  func pinIfPresent(_ range: Range<Int64>) -> Range<Int64>? {
    state.withLock { state in
      let clipped = range.clamped(to: 0..<max(state.lifecycle.size, 0))
      guard state.lifecycle.missing(in: clipped).isEmpty else { return nil }
      state.lifecycle.pin(clipped)
      return clipped
    }
  }

  /// How much of a range is not here.
  func missingBytes(in range: Range<Int64>) -> Int64 {
    state.withLock { $0.lifecycle.missing(in: range).reduce(0) { $0 + Int64($1.count) } }
  }

  // MARK: Arriving bytes

  /// Writes fetched bytes to the content file, but for those that were written here meanwhile,
  /// and wakes who waits for them. Returns how many of them the cache did not hold before; `nil`
  /// when the file's object is another version by now, and the bytes are not its.
  func accept(_ bytes: [UInt8], at offset: Int64, of version: ETag) throws(Errno) -> Int64? {
    let range = offset..<offset + Int64(bytes.count)
    let fresh = try changing.withLock { _ throws(Errno) -> Int64? in
      let parts = state.withLock { state in
        state.isSuperseded || state.object?.etag != version
          ? nil : state.lifecycle.acceptable(range)
      }
      guard let parts else { return nil }
      for part in parts {
        noteRoom(of: part)
        let slice = bytes[Int(part.lowerBound - offset)..<Int(part.upperBound - offset)]
        try file.write(part == range ? bytes : Array(slice), at: part.lowerBound)
      }
      state.withLock { state in
        for part in parts {
          state.willHold(part)
          state.lifecycle.arrived(part)
        }
        state.lifecycle.endFetching(range)
      }
      if parts == [range] { sum(arrived: bytes, at: offset) }
      return parts.reduce(0) { $0 + Int64($1.count) }
    }
    wakeReaders()
    return fresh
  }

  /// Who waits for what is here goes on.
  func wakeReaders() {
    let ready = state.withLock { state -> [Deferred<Void>] in
      var ready: [Deferred<Void>] = []
      state.waiters.removeAll { waiter in
        guard state.lifecycle.missing(in: waiter.range).isEmpty else { return false }
        ready.append(waiter.arrival)
        return true
      }
      return ready
    }
    for arrival in ready { arrival.resolve(.success(())) }
  }

  /// A fetch ended without all of its bytes: who waits for what is left learns why.
  func fail(_ range: Range<Int64>, with error: FileSystemError) {
    let failed = state.withLock { state -> [Deferred<Void>] in
      state.lifecycle.endFetching(range)
      var failed: [Deferred<Void>] = []
      state.waiters.removeAll { waiter in
        guard waiter.range.overlaps(range) else { return false }
        failed.append(waiter.arrival)
        return true
      }
      return failed
    }
    for arrival in failed { arrival.resolve(.failure(error)) }
  }

  // MARK: Evicting

  /// Drops what of `segment` can be fetched again; returns what was dropped, and the bytes that are
  /// free once that is punched out of the content file, 0 of a hole; `nil` when nothing was.
  ///
  /// Its rows go first: bytes without a row are harmless, a row without bytes is not. What stays,
  /// because a reader waits for it or has pinned it in between, gets its row back, without which
  /// nobody would ever evict it.
  ///
  /// - Parameter isUnreadable: what goes is lost anyway, whoever reads the content file.
  func evict(
    _ segment: Segment, _ catalog: Catalog, now: Timestamp, isUnreadable: Bool = false
  ) throws -> (runs: [Range<Int64>], freed: Int64)? {
    try changing.withLock { _ in
      let range = segment.range
      let runs = state.withLock { $0.evictable(in: range) }
      guard !runs.isEmpty, isUnreadable || !isInSight, try catalog.removeExtents(segment) else {
        return nil
      }
      let (dropped, freed, isEmpty) = state.withLock { state in
        state.recordedHoles.remove(range)
        let dropped = state.evictable(in: range)
        let freed = dropped.reduce(0) { $0 + state.lifecycle.evict($1) }
        return (dropped, freed, state.lifecycle.present.present(in: range).isEmpty)
      }
      if !isEmpty { try? recordExtents(around: range, catalog, now: now) }
      return dropped.isEmpty ? nil : (dropped, freed)
    }
  }

  /// Gives the room of dropped runs back to the disk; not before the catalog has forgotten them for
  /// good. What was fetched again meanwhile stays. Blocks of which nothing is here go as a whole: a
  /// block that keeps its room would be taken for bytes after a power cut.
  func punch(_ runs: [Range<Int64>]) throws(Errno) {
    try changing.withLock { _ throws(Errno) in
      for run in runs {
        let parts = state.withLock { state in
          state.lifecycle.missing(in: run).map { state.lifecycle.emptyBlocks(around: $0) }
        }
        for part in parts { try file.punchHole(part) }
      }
    }
  }
}
