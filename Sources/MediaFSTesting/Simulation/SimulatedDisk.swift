import MediaFSCache
package import MediaFSCore
import Synchronization
package import SystemPackage

/// Content files in memory, for all lives of one host: what a process has written outlives it, and
/// what was not synchronised is lost in part when the power goes.
package final class SimulatedDisk: Sendable {
  /// Something done to a file that the next power cut may undo.
  enum Change: Sendable {
    case write([UInt8], at: Int64)
    case resize(Int64)
    case clear(Range<Int64>)
    case note(seams: Range<Int64>)
  }

  struct File: Sendable {
    var image = DiskImage()
    /// As it is after a power cut for certain, and what was done to it since.
    var durable = DiskImage()
    var changes: [Change] = []
    /// Where bytes of ``durable`` have become others by themselves.
    var decayed: Set<Int64> = []
    /// Nanoseconds since 1970.
    var modified: Int64 = 0
    var isNameDurable = false
    var label: ContentLabel?
  }

  /// File names, as their directories have them, and files that only descriptors still hold.
  struct State: Sendable {
    var names: [ContentNumber: Int] = [:]
    var files: [Int: File] = [:]
    var nextFile = 0
    /// Removed, but there again after a power cut, perhaps.
    var removed: [ContentNumber: Int] = [:]
    var quarantine: [Int] = []
    /// Operations until the process that carries them out dies; `nil`: it lives.
    var untilDeath: Int?
    /// It dies because the power is cut.
    var isDeathOfAll = false
    var isPowerOut = false
  }

  package let simulation: Simulation
  /// Of the catalog that is on the disk as well.
  package let log: SimulatedLog
  /// Synchronizing is a lie; for tests of what finds that out.
  private let forgets: (contents: Bool, log: Bool)
  let state = Mutex(State())

  /// - Parameter directory: the state directory, for the catalog.
  package init(
    _ simulation: Simulation, catalogIn directory: FilePath,
    forgets: (contents: Bool, log: Bool) = (false, false)
  ) {
    self.simulation = simulation
    self.forgets = forgets
    log = SimulatedLog(in: directory, simulation)
  }

  /// The process that carries out the operation after so many others dies of it.
  ///
  /// - Parameter ofPowerCut: and all else with it.
  package func die(afterOperations count: Int?, ofPowerCut isDeathOfAll: Bool = false) {
    state.withLock { ($0.untilDeath, $0.isDeathOfAll) = (count, isDeathOfAll) }
  }

  /// Nobody dies of what `body` does to the disk.
  package func inPeace<Result>(_ body: () throws -> Result) rethrows -> Result {
    let untilDeath = state.withLock { $0.untilDeath.take() }
    defer { state.withLock { $0.untilDeath = untilDeath } }
    return try body()
  }

  /// The power has been cut, and ``restorePower(to:)`` is what comes next.
  package var isPowerOut: Bool { state.withLock { $0.isPowerOut } }

  /// Content files are as they are also after a power cut.
  func synchronize(_ number: Int, _ state: inout State) {
    if !forgets.contents { state.files[number]?.synchronize() }
  }

  func synchronizeName(_ number: Int, _ state: inout State) {
    if !forgets.contents { state.files[number]?.isNameDurable = true }
  }

  /// All transactions of the catalog so far are on the disk.
  func synchronizeLog(in life: Life) {
    guard !life.isOver, !forgets.log else { return }
    // Where that fails, a cut takes too much, and is found out.
    try? log.synchronize()
  }

  /// All content files.
  package var contents: Set<ContentNumber> { state.withLock { Set($0.names.keys) } }

  package var quarantineCount: Int { state.withLock { $0.quarantine.count } }

  /// Changes the disk on behalf of a process. The one that dies of it may still have its effect.
  func change<Result>(
    in life: Life, _ body: (inout State) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    guard !life.isOver else { throw .ioError }
    func carryOut() throws(Errno) -> Result {
      try state.withLock { state throws(Errno) in try body(&state) }
    }
    guard isLastOperation() else { return try carryOut() }
    if simulation.happens(0.5) { _ = try? carryOut() }
    try end(life)
    throw .ioError
  }

  /// A transaction of the catalog is about to take effect. Who dies of it may still have it.
  func commit(in life: Life) throws(Errno) {
    guard !life.isOver else { throw .ioError }
    guard isLastOperation() else { return }
    try end(life)
    if simulation.happens(0.5) { throw .ioError }
  }

  private func end(_ life: Life) throws(Errno) {
    simulation.end(life)
    if state.withLock({ $0.isDeathOfAll }) { try cutPower() }
  }

  /// Counts an operation of a process that may be about to die.
  private func isLastOperation() -> Bool {
    state.withLock { state in
      guard let left = state.untilDeath else { return false }
      state.untilDeath = left > 0 ? left - 1 : nil
      return left == 0
    }
  }

  func look<Result>(
    in life: Life, _ body: (State) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    guard !life.isOver else { throw .ioError }
    return try state.withLock { state throws(Errno) in try body(state) }
  }
}

// MARK: - Decay

extension SimulatedDisk {
  /// A byte becomes another one by itself.
  package func decay(_ content: ContentNumber, at offset: Int64) {
    state.withLock { state in
      guard let number = state.names[content], var file = state.files[number],
        0..<file.image.size ~= offset
      else { return }
      file.image.bytes[Int(offset)] ^= 0x40
      // What was not synchronized is not on the disk, and cannot decay there.
      if file.changes.isEmpty {
        file.durable = file.image
        file.decayed.formSymmetricDifference([offset])
      }
      state.files[number] = file
    }
  }
}

// MARK: - Power cuts

extension SimulatedDisk {
  /// What follows on this disk must be done by somebody who knows nothing yet.
  package func cutPower() throws(Errno) {
    try log.capture()
    state.withLock { state in
      state.untilDeath = nil
      state.isPowerOut = true
    }
  }

  /// Of what was not synchronized some is lost, see ``WriteBack``; of names, too.
  ///
  /// - Parameter directory: a new state directory.
  package func restorePower(to directory: FilePath) throws(Errno) {
    try log.restore(to: directory)
    state.withLock { state in
      state.isPowerOut = false
      for (content, file) in state.removed.sorted(by: { $0.key.value < $1.key.value })
      where state.names[content] == nil && simulation.happens(0.5) {
        state.names[content] = file
      }
      state.removed = [:]
      for (content, number) in state.names.sorted(by: { $0.key.value < $1.key.value }) {
        guard let file = state.files[number] else { continue }
        if !file.isNameDurable, simulation.happens(0.3) {
          state.names[content] = nil
        } else {
          state.files[number] = survived(file)
        }
      }
      let held = Set(state.names.values).union(state.quarantine)
      state.files = state.files.filter { held.contains($0.key) }
    }
  }

  private func survived(_ file: File) -> File {
    var survivor = file
    survivor.image = WriteBack.image(of: file.healed, file.changes, simulation)
    survivor.durable = survivor.image
    survivor.decayed = file.decayed.filter {
      $0 < file.cutOff && $0 < survivor.image.size
        && survivor.image.bytes[Int($0)] == file.durable.bytes[Int($0)]
    }
    survivor.changes = []
    survivor.isNameDurable = true
    return survivor
  }
}

extension DiskImage {
  mutating func apply(_ change: SimulatedDisk.Change) {
    switch change {
    case .write(let bytes, let offset): write(bytes, at: offset)
    case .resize(let size): resize(to: size)
    case .clear(let range): clear(range)
    case .note(let range): seams = range
    }
  }
}

extension SimulatedDisk.File {
  mutating func apply(_ change: SimulatedDisk.Change, at now: Int64) {
    image.apply(change)
    changes.append(change)
    modified = now
  }

  mutating func synchronize() {
    durable = image
    changes = []
    decayed = []
  }

  /// As it is after a power cut for certain, where bytes that were cut off have not decayed: they
  /// are nobody's, without a sum, and if they are back then, nobody could know.
  var healed: DiskImage {
    var healed = durable
    for offset in decayed where offset >= cutOff { healed.bytes[Int(offset)] ^= 0x40 }
    return healed
  }

  /// How short it has been since.
  var cutOff: Int64 {
    changes.map { if case .resize(let size) = $0 { size } else { Int64.max } }.min() ?? .max
  }
}
