import MediaFSCache
import MediaFSCore
import PosixIO
import Synchronization
import SystemPackage

/// A directory on the real disk whose content files, while told so, fail to be read, or to be
/// synchronized.
struct UnreadableDisk: ContentDisk {
  /// Reads that are still to fail.
  final class Faults: Sendable {
    private let left = Mutex(0)
    private let synchronizationFails = Mutex(false)
    private let names = Mutex<[ContentNumber]>([])
    private let notesFail = Mutex(false)
    private let synchronizations = Mutex(0)

    /// Called at each access of a content file, which takes as long: the disk is slow.
    let delay: @Sendable () -> Void

    init(delay: @escaping @Sendable () -> Void = {}) {
      self.delay = delay
    }

    func fail(_ count: Int) { left.withLock { $0 = count } }
    func failSynchronization(_ fails: Bool) { synchronizationFails.withLock { $0 = fails } }

    /// There is no room for what a content file says of its seams.
    func failNotes(_ fails: Bool) { notesFail.withLock { $0 = fails } }

    /// How often the bytes of a content file were synchronized.
    var synchronizationCount: Int { synchronizations.withLock { $0 } }

    fileprivate func strikeNote() throws(Errno) {
      if notesFail.withLock({ $0 }) { throw .noSpace }
    }

    fileprivate func noteSynchronization() { synchronizations.withLock { $0 += 1 } }

    /// Content files whose names were synchronized.
    var synchronizedNames: [ContentNumber] { names.withLock { $0 } }

    fileprivate func noteName(of content: ContentNumber) {
      names.withLock { $0.append(content) }
    }

    fileprivate func strikeSynchronization() throws(Errno) {
      if synchronizationFails.withLock({ $0 }) { throw .ioError }
    }

    fileprivate func strike() throws(Errno) {
      delay()
      let fails = left.withLock { left in
        left = max(-1, left - 1)
        return left >= 0
      }
      if fails { throw .ioError }
    }
  }

  let base: any ContentDisk
  let faults: Faults

  func open(_ content: ContentNumber) throws(Errno) -> any ContentFile {
    UnreadableFile(try base.open(content), faults)
  }

  func create(_ content: ContentNumber) throws(Errno) -> any ContentFile {
    UnreadableFile(try base.create(content), faults)
  }

  func status(of content: ContentNumber) throws(Errno) -> ContentStatus? {
    try base.status(of: content)
  }

  func remove(_ content: ContentNumber) throws(Errno) { try base.remove(content) }

  func synchronizeName(of content: ContentNumber) throws(Errno) {
    try base.synchronizeName(of: content)
    faults.noteName(of: content)
  }

  func synchronize(_ content: ContentNumber) throws(Errno) {
    try faults.strikeSynchronization()
    try base.synchronize(content)
  }

  func synchronizeFilesystem() throws(Errno) {
    try faults.strikeSynchronization()
    try base.synchronizeFilesystem()
  }

  func contents(ofBucket bucket: Int) throws(Errno) -> [ContentNumber] {
    try base.contents(ofBucket: bucket)
  }

  func quarantine(_ content: ContentNumber) throws(Errno) { try base.quarantine(content) }
  func quarantined() throws(Errno) -> (files: Int, bytes: Int64) { try base.quarantined() }
}

private final class UnreadableFile: ContentFile {
  private let base: any ContentFile
  private let faults: UnreadableDisk.Faults

  init(_ base: any ContentFile, _ faults: UnreadableDisk.Faults) {
    (self.base, self.faults) = (base, faults)
  }

  var backing: CInt? { nil }
  func isUsedElsewhere() -> Bool? { base.isUsedElsewhere() }
  func beginWriting(_ range: Range<Int64>) { base.beginWriting(range) }
  func status() throws(Errno) -> ContentStatus { try base.status() }

  func read(count: Int, at offset: Int64) throws(Errno) -> [UInt8] {
    try faults.strike()
    return try base.read(count: count, at: offset)
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(Errno) {
    faults.delay()
    try unsafe base.write(bytes, at: offset)
  }

  func write(_ bytes: [UInt8], at offset: Int64) throws(Errno) {
    faults.delay()
    try base.write(bytes, at: offset)
  }

  func truncate(to size: Int64) throws(Errno) { try base.truncate(to: size) }
  func clear(_ range: Range<Int64>) throws(Errno) { try base.clear(range) }
  func punchHole(_ range: Range<Int64>) throws(Errno) { try base.punchHole(range) }
  func reserveSpace(_ range: Range<Int64>) throws(Errno) { try base.reserveSpace(range) }

  func copy(
    _ range: Range<Int64>, from source: any ContentFile, to offset: Int64
  ) throws(Errno) {
    try base.copy(range, from: (source as? UnreadableFile)?.base ?? source, to: offset)
  }

  func dataExtents(in range: Range<Int64>) throws(Errno) -> [Range<Int64>] {
    try faults.strike()
    return try base.dataExtents(in: range)
  }

  func nextData(from offset: Int64) throws(Errno) -> Int64? { try base.nextData(from: offset) }
  func nextHole(from offset: Int64) throws(Errno) -> Int64? { try base.nextHole(from: offset) }
  func label() throws(Errno) -> ContentLabel? { try base.label() }
  func setLabel(_ label: ContentLabel) throws(Errno) { try base.setLabel(label) }
  func seams() throws(Errno) -> Range<Int64> { try base.seams() }

  func setSeams(_ range: Range<Int64>) throws(Errno) {
    try faults.strikeNote()
    try base.setSeams(range)
  }

  func synchronizeData() throws(Errno) {
    faults.delay()
    try faults.strikeSynchronization()
    faults.noteSynchronization()
    try base.synchronizeData()
  }
}
