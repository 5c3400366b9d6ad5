/// Which bytes of a file are here, which are on their way, and what the store has of it. No I/O.
///
/// A byte is here when it lies behind ``baseSize`` (nothing of it is the object's) or in
/// ``present``. Everything else is the object's and has to be fetched before it can be read.
package struct FileLifecycle: Sendable, Hashable {
  /// What `mediafs status` and the attribute `user.mediafs.state` call it.
  package enum State: String, Sendable {
    case remote
    case partial
    case cached
    case dirty
    case uploading
  }

  /// In bytes.
  package private(set) var size: Int64
  package private(set) var baseSize: Int64
  /// Bytes of the object, or written over it, below ``baseSize``.
  package private(set) var present: ByteRangeSet
  /// Of what is here: zeros that the content file has no room for, in whole blocks.
  package private(set) var holes: ByteRangeSet
  /// What below ``baseSize`` may differ from the object, in whole blocks: an upload sends it.
  package private(set) var changed: ByteRangeSet
  /// Of what is here and is the object's.
  package internal(set) var sums: BlockSums
  /// Being fetched.
  package private(set) var inFlight = ByteRangeSet()
  /// Being read right now: not to be evicted. Several readers of one range are several entries.
  private var pinned: [Range<Int64>] = []

  /// Counts changes of the content; equal ones mean that the store has it.
  package private(set) var version: Int64
  package private(set) var committedVersion: Int64
  /// The version an upload is reading.
  package private(set) var uploadingVersion: Int64?
  /// The catalog's row is as new as the content file.
  package private(set) var isSettled = true
  /// Counts every single change, so that an upload can tell that its bytes are no longer of one
  /// piece.
  package private(set) var changes: UInt64 = 0
  /// The store may have this version, or will, under its number: an upload has read it, or one of
  /// an earlier daemon may have.
  private var mayBeSent: Bool
  /// The version whose bytes are known to be those of another object (``becameCopy()``).
  private var copiedVersion: Int64?

  package init(
    size: Int64, baseSize: Int64, present: ByteRangeSet, holes: ByteRangeSet = ByteRangeSet(),
    changed: ByteRangeSet = ByteRangeSet(), sums: BlockSums = BlockSums(), version: Int64,
    committedVersion: Int64
  ) {
    self.sums = sums
    self.holes = holes
    self.changed = changed
    self.size = size
    self.baseSize = baseSize
    self.present = present
    self.version = version
    self.committedVersion = committedVersion
    mayBeSent = version != committedVersion
  }

  package var isDirty: Bool { version != committedVersion }

  package var state: State {
    if isDirty { return uploadingVersion == nil ? .dirty : .uploading }
    if missing(in: 0..<size).isEmpty { return .cached }
    return present.isEmpty ? .remote : .partial
  }

  /// What of `range` has to be fetched before it can be read.
  package func missing(in range: Range<Int64>) -> [Range<Int64>] {
    let fetchable = range.clamped(to: 0..<min(size, baseSize))
    return fetchable.isEmpty ? [] : present.missing(in: fetchable)
  }

  /// Bytes that the content file holds, for the cache's account: holes take no room.
  package var residentBytes: Int64 {
    var inside = present
    inside.truncate(to: min(size, baseSize))
    return inside.count + max(0, size - baseSize) - holes.count
  }

  // MARK: Fetching

  /// What of `range` is neither here nor on its way.
  package func unrequested(in range: Range<Int64>) -> [Range<Int64>] {
    var wanted = ByteRangeSet(missing(in: range))
    wanted.subtract(inFlight)
    return wanted.ranges
  }

  /// Whether to ask for what is missing of `window`, the bytes to have at hand for a read of
  /// `range`: when the read itself needs it, or when half of what lies ahead is used up. Asking for
  /// every little bit by which the window moves on would make many small requests.
  package func isWorthFetching(_ window: Range<Int64>, reading range: Range<Int64>) -> Bool {
    if !unrequested(in: range).isEmpty { return true }
    guard range.upperBound < window.upperBound, let first = unrequested(in: window).first else {
      return false
    }
    return first.lowerBound - range.upperBound <= (window.upperBound - range.upperBound) / 2
  }

  /// What of `range` nobody fetches yet; it counts as being fetched from now on.
  package mutating func beginFetching(_ range: Range<Int64>) -> [Range<Int64>] {
    let wanted = unrequested(in: range)
    for run in wanted { inFlight.insert(run) }
    return wanted
  }

  /// What of the arrived `range` may be written to the content file: not what was written here in
  /// the meantime, nor what was cut off.
  package func acceptable(_ range: Range<Int64>) -> [Range<Int64>] {
    missing(in: range)
  }

  /// Bytes have reached the content file.
  package mutating func arrived(_ range: Range<Int64>) {
    inFlight.remove(range)
    present.insert(range)
    present.truncate(to: max(baseSize, 0))
  }

  /// The rest of a fetch is not coming.
  package mutating func endFetching(_ range: Range<Int64>) {
    inFlight.remove(range)
  }

  // MARK: Reading and evicting

  package mutating func pin(_ range: Range<Int64>) {
    pinned.append(range)
  }

  package mutating func unpin(_ range: Range<Int64>) {
    guard let index = pinned.firstIndex(of: range) else { return }
    pinned.swapAt(index, pinned.count - 1)
    pinned.removeLast()
  }

  /// The runs of `range` that can be dropped because the object has them too: none while the file
  /// is dirty or somebody reads there.
  ///
  /// - Parameter wanted: ranges that somebody waits for. What of them is here already stays: nobody
  ///   would fetch it again.
  package func evictable(
    in range: Range<Int64>, sparing wanted: [Range<Int64>] = []
  ) -> [Range<Int64>] {
    guard !isDirty, isSettled, uploadingVersion == nil,
      !pinned.contains(where: { $0.overlaps(range) })
    else { return [] }
    let limits = range.clamped(to: 0..<max(0, min(size, baseSize)))
    var runs = ByteRangeSet(present.present(in: limits))
    for range in wanted { runs.remove(range) }
    return runs.ranges
  }

  /// Returns how many bytes are free now: holes were.
  package mutating func evict(_ range: Range<Int64>) -> Int64 {
    let before = residentBytes
    present.remove(range)
    holes.remove(range)
    sums.remove(BlockSums.blocks(touching: range))
    return before - residentBytes
  }

  // MARK: Writing

  /// Whether the catalog has to hear of the next change before it happens: it is the first since
  /// the content was committed, settled, read by an upload, or known to be a copy.
  package var needsNewVersion: Bool {
    !isDirty || isSettled || uploadingVersion == version || copiedVersion == version
  }

  /// The catalog has counted a new version.
  package mutating func began(version: Int64) {
    self.version = version
    isSettled = false
    mayBeSent = false
  }

  /// The catalog's row is older than the content file: the daemon died in between.
  package mutating func wasBeingWritten() {
    isSettled = false
  }

  /// What ``changed`` is counted in. A part that is sent has at least five of them; smaller ones
  /// cost a transaction for every few writes.
  package static let changeBlock: Int64 = 1 << 20

  /// The blocks that a change of `range` makes differ from the object and that are not known to.
  package func unmarked(in range: Range<Int64>) -> [Range<Int64>] {
    let touched = range.clamped(to: 0..<max(0, min(size, baseSize)))
    guard !touched.isEmpty else { return [] }
    return changed.missing(in: Self.changeBlocks(around: touched, base: baseSize))
  }

  private static func changeBlocks(around range: Range<Int64>, base: Int64) -> Range<Int64> {
    let start = range.lowerBound / changeBlock * changeBlock
    let (end, overflow) = ((range.upperBound - 1) / changeBlock + 1)
      .multipliedReportingOverflow(by: changeBlock)
    return (start..<(overflow ? base : end)).clamped(to: 0..<base)
  }

  /// The blocks of a file's base in which some of these bytes lie.
  package static func changeBlocks(touching bytes: ByteRangeSet, base: Int64) -> [Range<Int64>] {
    ByteRangeSet(
      bytes.present(in: 0..<max(0, base)).map { changeBlocks(around: $0, base: base) }
    ).ranges
  }

  /// What the content file is taken for, if a power cut takes the next change out of the catalog
  /// and leaves it in the content file.
  package enum Claim: Sendable {
    case nothing
    /// Clean: what is here is the object's.
    case object
    /// Dirty: it is the version that the store may have under its number, or has the object's bytes
    /// in the blocks that are about to change.
    case version
  }

  /// - Parameter blocks: the unmarked ones that are about to change.
  package func claim(changing blocks: [Range<Int64>]) -> Claim {
    if !isDirty { return present.isEmpty ? .nothing : .object }
    let isTold = needsNewVersion && size > 0 && (mayBeSent || !blocks.isEmpty)
    return isTold ? .version : .nothing
  }

  /// The catalog knows that these blocks may differ from the object.
  package mutating func marked(_ blocks: [Range<Int64>]) {
    for block in blocks {
      changed.insert(block)
      sums.remove(BlockSums.blocks(touching: block))
    }
  }

  /// The ranges that are the same in the object.
  package var unchanged: ByteRangeSet {
    var unchanged = ByteRangeSet(0..<max(0, min(size, baseSize)))
    unchanged.subtract(changed)
    return unchanged
  }

  /// The next change is about to reach the content file.
  package mutating func willChange() {
    changes &+= 1
  }

  /// - Parameter zeros: the runs of `range` that were not written but made holes.
  package mutating func wrote(_ range: Range<Int64>, leaving zeros: [Range<Int64>] = []) {
    let oldSize = size
    size = max(size, range.upperBound)
    for run in ByteRangeSet(zeros).missing(in: range) { fill(run) }
    for run in zeros { holes.insert(Self.blocks(inside: run)) }
    if oldSize < range.lowerBound {
      holes.insert(Self.blocks(inside: oldSize..<range.lowerBound))
    }
    if range.lowerBound < baseSize {
      present.insert(range.clamped(to: 0..<baseSize))
    }
    // Between the old end and this write there are zeros, not the object's bytes.
    if oldSize < min(range.lowerBound, baseSize) {
      present.insert(oldSize..<min(range.lowerBound, baseSize))
    }
  }

  /// The disk has room for all of a range, where it was a hole too.
  package mutating func fill(_ range: Range<Int64>) {
    holes.remove(Self.blocks(around: range))
  }

  package mutating func truncated(to newSize: Int64) {
    if newSize < min(size, baseSize) { sums.remove(newSize / BlockSums.length..<Int64.max) }
    if newSize < size { baseSize = min(baseSize, newSize) }
    if newSize > size { holes.insert(Self.blocks(inside: size..<newSize)) }
    holes.truncate(to: newSize)
    present.truncate(to: baseSize)
    changed.truncate(to: baseSize)
    size = newSize
  }

  package mutating func settled() {
    isSettled = true
  }

  /// What is here now is what another object holds, byte for byte, and the catalog says so of this
  /// version: the next change needs one of its own.
  package mutating func becameCopy() {
    copiedVersion = version
  }

  /// The file, which was empty, became an object that the store has made: all of it is there, and
  /// nothing is here.
  package mutating func adopted(size: Int64, version: Int64) {
    (self.size, baseSize) = (size, size)
    (present, changed, holes) = (ByteRangeSet(), ByteRangeSet(), ByteRangeSet())
    sums = BlockSums()
    (self.version, committedVersion) = (version, version)
    isSettled = true
  }

  // MARK: Uploading

  /// What an upload is about to send.
  package struct Snapshot: Sendable, Hashable {
    package var version: Int64
    package var size: Int64
    package var changes: UInt64
  }

  /// An upload starts to read. Every later change needs a version of its own. `nil` when the
  /// catalog does not know the latest changes: what it says of the file is not what would be sent.
  package mutating func beginUpload() -> Snapshot? {
    guard isSettled else { return nil }
    uploadingVersion = version
    mayBeSent = true
    return Snapshot(version: version, size: size, changes: changes)
  }

  /// All missing bytes were fetched: nothing is the object's any more.
  package mutating func detached() {
    baseSize = 0
    present = ByteRangeSet()
    changed = ByteRangeSet()
    sums = BlockSums()
  }

  /// The upload is over. When the store has what is here, every byte can be fetched from there;
  /// what was missing before still is.
  ///
  /// - Parameter summed: what ``unsummedAtCommit`` lists, if it was not changed meanwhile.
  package mutating func endUpload(committed: Int64?, summed blocks: [SummedBlock] = []) {
    uploadingVersion = nil
    guard let committed else { return }
    committedVersion = committed
    guard !isDirty else { return }
    present.insert(min(baseSize, size)..<size)
    // The block that ended here goes on.
    let seam = min(baseSize, size)
    if seam < size { sums.remove(BlockSums.blocks(touching: seam..<seam + 1)) }
    baseSize = size
    changed = ByteRangeSet()
    summed(blocks)
  }
}
