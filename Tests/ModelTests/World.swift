import Logging
@testable import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

/// What the volume did, and what the model says instead; a word and ":" come first.
struct Discrepancy: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) {
    self.description = description
  }

  /// An inode with several names has another number than before.
  var isOfInodes: Bool { description.hasPrefix("inode: ") }
}

/// A volume and the model, side by side.
final class World {
  let settings: Settings
  let simulation: Simulation
  let network: SimulatedNetwork
  let model: MemoryFileSystem
  let expected: Side
  let actual: Side
  /// Which inode of the volume is which of the model.
  var inodes: [InodeNumber: InodeNumber] = [:]

  /// What a power cut may bring back.
  var history = History()

  /// When an operation began that may have happened; its times are those of then, or later.
  var uncertainSince: Timestamp?

  /// After this time nothing temporary is left in the bucket.
  static let temporaryLife: Duration = .seconds(4_000)

  private let directory: FilePath
  private var stateCount = 0
  /// Of the host.
  private(set) var cuts = 0
  /// When the operation began that the model carries out now.
  let clock: ModelClock
  private(set) var life = Life()
  /// Of the host; a new one begins with an empty cache.
  private(set) var disk: SimulatedDisk
  private(set) var volume: Volume

  init(_ settings: Settings, _ simulation: Simulation, in directory: FilePath) throws {
    self.settings = settings
    self.simulation = simulation
    self.directory = directory
    network = SimulatedNetwork(
      MemoryObjectStore(limits: settings.limits), simulation, conditions: settings.conditions,
      checksDeletes: settings.checksDeletes, pageSize: settings.pageSize,
      told: { settings.mutant?.told($0) ?? $0 })
    let clock = ModelClock(simulation.now)
    self.clock = clock
    model = MemoryFileSystem(now: { clock.now })
    disk = SimulatedDisk(
      simulation, catalogIn: directory.appending("0"), forgets: settings.forgets)
    volume = try Self.open(
      settings, directory.appending("0"), network, life,
      simulation.environment(for: life, on: disk), on: disk)
    expected = Side(model)
    actual = Side(volume)
    inodes[.root] = .root
    try rememberForGood()
  }

  static func open(
    _ settings: Settings, _ state: FilePath, _ network: SimulatedNetwork, _ life: Life,
    _ environment: Environment, on disk: SimulatedDisk, boot: Int = 0
  ) throws -> Volume {
    let volume = try opened(settings, state, network, life, environment, boot: boot)
    try decay(volume, on: disk, settings)
    volume.start()
    return volume
  }

  private static func opened(
    _ settings: Settings, _ state: FilePath, _ network: SimulatedNetwork, _ life: Life,
    _ environment: Environment, boot: Int
  ) throws -> Volume {
    let volume = try Volume.open(
      settings.options(in: state.string, boot: boot),
      store: SimulatedConnection(network, for: life),
      environment: environment,
      log: Logger(label: "model") { _ in SwiftLogNoOpLogHandler() })
    // Whoever asks the catalog of a dead process would go on asking for ever.
    life.atEnd { volume.context.catalog.abandon() }
    if let trigger = settings.mutant?.trigger {
      try volume.context.catalog.write {
        try $0.run("CREATE TRIGGER IF NOT EXISTS mutant \(trigger)")
      }
    }
    return volume
  }

  /// Between two lives, every other time, the disk changes a byte of every other block that has a
  /// checksum: one that no power cut takes any more. Nobody could notice the change without it.
  private static func decay(
    _ volume: Volume, on disk: SimulatedDisk, _ settings: Settings
  ) throws {
    guard disk.simulation.happens(0.5) else { return }
    let catalog = volume.context.catalog
    try disk.inPeace { try catalog.synchronize() }
    var first = ContentNumber(0)
    while let (content, inode) = try catalog.summedContent(from: first) {
      first = ContentNumber(content.value + 1)
      guard let record = try catalog.inode(inode), record.object != nil else { continue }
      let end = min(record.size, record.baseSize)
      let sums = try catalog.summedExtents(of: content, end: end).sums
      for block in BlockSums.blocks(touching: 0..<end)
      where sums[block] != nil && (block + content.value).isMultiple(of: 2) {
        disk.decay(content, at: block * BlockSums.length)
      }
    }
    if settings.mutant?.ignoresSums == true {
      try disk.inPeace { try catalog.write { try $0.run("UPDATE extent SET sums = NULL") } }
    }
  }

  // MARK: Operations

  /// Carries out one operation on both sides; throws when they disagree.
  func step(_ operation: Operation) async throws {
    if case .event(let event) = operation { return try await happenOrDie(event) }
    let start = simulation.now
    let unsettled = unsettled
    var reply = await actual.perform(operation)
    if !life.isOver, try await isExcusable(reply?.errno, operation) {
      reply = await actual.perform(operation)
    }
    clock.set(start)
    if life.isOver { return try await comeBack(from: operation, unsettled) }
    switch operation {
    case .seek:
      try checkSeek(operation, reply, await expected.perform(operation))
    case .copy(let source, let offset, let target, let targetOffset, let count):
      // It may copy less; but something, if there is anything.
      let copied = max(reply?.number ?? count, min(count, 1))
      try compare(
        reply,
        await expected.perform(.copy(source, offset, target, targetOffset, count: copied)), start)
    default:
      try compare(reply, await expected.perform(operation), start)
    }
    try await compareTouched(since: start)
    try checkInvariants()
    if operation.isChange { try remember() }
    noteSynchronized(operation, reply)
  }

  /// Whether an error is the store's or the cache's fault and gone when asked again, with better
  /// weather and room in the cache. It must then have changed nothing.
  private func isExcusable(_ errno: Errno?, _ operation: Operation) async throws -> Bool {
    switch errno {
    case .ioError where !settings.isCalm:
      let weather = network.weather
      network.weather = NetworkWeather()
      try await pass(.seconds(10))
      defer { network.weather = weather }
      if case .close = operation { return false }
      return true
    case .noSpace where settings.cacheSize < 1 << 30:
      try await drain()
      return true
    default:
      return false
    }
  }

  /// Lets time pass, of which a process may die.
  func pass(_ duration: Duration) async throws {
    await simulation.wait(duration, in: life)
    if life.isOver { throw Death() }
  }

  /// The process is dead, and what was under way with it.
  struct Death: Error {}

  // MARK: Events

  /// Who dies of an event comes back, and it happens again.
  private func happenOrDie(_ event: Operation.Event) async throws {
    let unsettled = unsettled
    do {
      try await happen(event)
    } catch {
      guard life.isOver else { throw error }
    }
    guard life.isOver else { return }
    try await comeBack(from: nil, unsettled)
    try await happen(event)
  }

  private var state: FilePath { directory.appending("\(stateCount)") }

  private func happen(_ event: Operation.Event) async throws {
    switch event {
    case .die(let count): disk.die(afterOperations: count)
    case .cut(after: nil): try await cut()
    case .cut(let count): disk.die(afterOperations: count, ofPowerCut: true)
    case .wait(let milliseconds): try await pass(.milliseconds(milliseconds))
    case .crash: try await crash()
    case .remount: try await remount()
    case .forget: try await forget()
    case .pause(let isPaused): volume.setPaused(isPaused)
    case .evict: evict()
    case .weather(let failures, let lostAnswers):
      network.weather.failures = failures
      network.weather.lostAnswers = lostAnswers
    case .outage(let isDown): network.weather.isDown = isDown
    case .drain: try await drain()
    case .compare: try await inGoodWeather { try await compareTrees(.exactly) }
    }
  }

  func inGoodWeather(_ body: () async throws -> Void) async throws {
    let weather = network.weather
    defer { network.weather = weather }
    network.weather = NetworkWeather()
    if !settings.isCalm { try await pass(.seconds(10)) }
    try await body()
  }

  /// Everything that can be evicted is.
  private func evict() {
    let space = volume.context.space
    if space.reserve(settings.cacheSize) { space.release(settings.cacheSize) }
  }

  /// Until the store has everything.
  func drain() async throws {
    try await inGoodWeather {
      volume.setPaused(false)
      do {
        try await volume.flush(beneath: nil)
      } catch {
        let parked = try volume.status().parked.map { "\($0.path): \($0.error)" }
        throw Discrepancy("drain: \(error); parked: \(parked)")
      }
    }
  }

  /// `kill -9`: what was under way ends where it is, and nothing more is written down.
  private func crash() async throws {
    let unsettled = unsettled
    try await restart()
    closeAll()
    // The content file says when it was written, by the machine's own clock.
    try await adoptTimes(of: unsettled)
    try checkInvariants()
    try remember()
  }

  /// Files that are open for writing, as the model numbers them.
  var unsettled: Set<InodeNumber> {
    Set(expected.slots.compactMap { $0 }.filter { $0.flags.contains(.write) }.map(\.inode))
  }

  /// Ends the process where it is, and starts another one on what it leaves.
  func restart() async throws {
    let dead = life
    life = Life()
    disk.die(afterOperations: nil)
    simulation.end(dead)
    await volume.reconciler.stop()
    // Until all that was woken has found out.
    await simulation.wait(.nanoseconds(1), in: life)
    if disk.isPowerOut {
      stateCount += 1
      cuts += 1
      try disk.restorePower(to: state)
    }
    try reopen()
  }

  /// Nobody dies any more.
  func survive() async throws {
    disk.die(afterOperations: nil)
    if life.isOver { try await comeBack(from: nil, unsettled) }
  }

  private func remount() async throws {
    closeAll(releasing: true)
    await volume.stop()
    if life.isOver { throw Death() }
    simulation.end(life)
    life = Life()
    await simulation.wait(.nanoseconds(1), in: life)
    try reopen()
    try checkInvariants()
  }

  /// A daemon that has never seen the bucket.
  func forget() async throws {
    closeAll(releasing: true)
    try await drain()
    // What was written for a while is deleted by who knows of it.
    try await pass(Self.temporaryLife)
    try await deleteUnreferred()
    await volume.stop()
    if life.isOver { throw Death() }
    simulation.end(life)
    life = Life()
    await simulation.wait(.nanoseconds(1), in: life)
    stateCount += 1
    disk = SimulatedDisk(simulation, catalogIn: state, forgets: settings.forgets)
    try reopen()
    try await inGoodWeather { try await compareTrees(.asStored) }
    // What was read of the store, and under which numbers, would be read again after a cut.
    try rememberForGood()
  }

  func closeAll(releasing: Bool = false) {
    for slot in actual.slots.compactMap({ $0 }) where releasing {
      volume.release(slot.handle)
    }
    model.closeAll()
    actual.slots = actual.slots.map { _ in nil }
    expected.slots = expected.slots.map { _ in nil }
  }

  private func reopen() throws {
    volume = try Self.open(
      settings, state, network, life, simulation.environment(for: life, on: disk), on: disk,
      boot: cuts)
    actual.files = volume
  }

  /// Ends the volume, and with it all tasks.
  func end() async {
    closeAll(releasing: true)
    await volume.stop()
    simulation.end(life)
  }
}

/// The model's time: that at which the operation began.
final class ModelClock: Sendable {
  private let time: Mutex<Timestamp>

  init(_ now: Timestamp) {
    time = Mutex(now)
  }

  var now: Timestamp { time.withLock { $0 } }

  func set(_ now: Timestamp) {
    time.withLock { $0 = now }
  }
}
