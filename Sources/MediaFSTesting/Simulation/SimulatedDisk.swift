import MediaFSCache
package import MediaFSCore
import Synchronization
import SystemPackage

/// Content files in memory, for all lives of one host: what a process has written outlives it, and
/// what was not synchronised is lost in part when the power goes.
package final class SimulatedDisk: Sendable {
  /// Something done to a file that the next power cut may undo.
  enum Change: Sendable {
    case write([UInt8], at: Int64)
    case resize(Int64)
    case clear(Range<Int64>)
  }

  struct File: Sendable {
    var image = DiskImage()
    /// As it is after a power cut for certain, and what was done to it since.
    var durable = DiskImage()
    var changes: [Change] = []
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
  }

  let simulation: Simulation
  let state = Mutex(State())

  package init(_ simulation: Simulation) {
    self.simulation = simulation
  }

  /// The process that carries out the operation after so many others dies of it.
  package func die(afterOperations count: Int?) {
    state.withLock { $0.untilDeath = count }
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
    simulation.end(life)
    throw .ioError
  }

  /// A transaction of the catalog is about to take effect. Who dies of it may still have it.
  func commit(in life: Life) throws(Errno) {
    guard !life.isOver else { throw .ioError }
    guard isLastOperation() else { return }
    simulation.end(life)
    if simulation.happens(0.5) { throw .ioError }
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

// MARK: - Power cuts

extension SimulatedDisk {
  /// The smallest piece that is written as a whole, in bytes.
  private static let sector = 512

  /// Of what was not synchronised some is lost, whatever came before or after it, and some is torn.
  package func cutPower() {
    state.withLock { state in
      state.untilDeath = nil
      for (content, file) in state.removed.sorted(by: { $0.key.value < $1.key.value })
      where state.names[content] == nil && simulation.happens(0.5) {
        state.names[content] = file
      }
      state.removed = [:]
      for (content, number) in state.names.sorted(by: { $0.key.value < $1.key.value }) {
        guard let file = state.files[number] else { continue }
        if !file.isNameDurable, simulation.happens(0.5) {
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
    survivor.image = file.durable
    for change in file.changes where simulation.happens(0.6) {
      switch change {
      case .write(let bytes, let offset) where simulation.happens(0.1):
        let sectors = simulation.random(in: 0...bytes.count / Self.sector)
        survivor.image.write(Array(bytes.prefix(sectors * Self.sector)), at: offset)
      case .write, .resize, .clear: survivor.image.apply(change)
      }
    }
    survivor.durable = survivor.image
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
  }
}
