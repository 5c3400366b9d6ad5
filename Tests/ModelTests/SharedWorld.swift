import MediaFSCore
import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage

/// Two hosts and somebody with another tool, who use the same few names of one bucket.
///
/// Each writes whole files, of which no two are alike. Somebody who writes over a file, or removes
/// it, has seen a version of it; every other version that a host was told is safe has to be in the
/// bucket in the end, under its name or as a conflict copy.
final class SharedWorld {
  /// What a file can be. Its size tells which one it is.
  struct Version {
    var bytes: [UInt8]
    /// Its writer was told that it is there.
    var isAcknowledged = false
    /// Somebody who had seen it does not want it any more.
    var isReplaced = false
  }

  private static let names = ["a", "b.txt", "c"]
  /// An object that was seen within ten seconds is deleted without another look, see
  /// `WriteConditions`; and a look and a delete take up to twelve more.
  private static let deleteTrust: Duration = .seconds(22)
  /// Longer than a listing, a tombstone or anything temporary lives, with anybody's settings.
  private static let rest: Duration = .seconds(10_000)

  private let settings: Settings
  private let simulation: Simulation
  private let network: SimulatedNetwork
  private var hosts: [Host] = []
  /// What happened, for whoever reads of a failure.
  private(set) var events: [String] = []
  private var versions: [Version] = []
  private var random: SeededRandom
  private var temporaries = 0

  init(_ settings: Settings, _ simulation: Simulation, in directory: FilePath) throws {
    self.settings = settings
    self.simulation = simulation
    random = SeededRandom(seed: settings.seed &* 5)
    network = SimulatedNetwork(
      MemoryObjectStore(limits: settings.limits), simulation, conditions: settings.conditions,
      checksDeletes: settings.checksDeletes, pageSize: settings.pageSize,
      told: { settings.mutant?.told($0) ?? $0 }, asked: { settings.mutant?.asked($0, $1) ?? $1 })
    for name in ["here", "there"] {
      var settings = settings
      settings.host = name
      hosts.append(
        try Host(settings, network, simulation, in: directory.appending(name)))
    }
  }

  // MARK: What happens

  func step() async throws {
    let host = choose(hosts)
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<30: try await write(choose(Self.names), on: host)
    case 30..<42: try await replace(choose(Self.names), on: host)
    case 42..<50: try await remove(choose(Self.names), on: host)
    case 50..<56: try await rename(choose(Self.names), choose(Self.names), on: host)
    case 56..<66: try await read(choose(Self.names), on: host)
    case 66..<74: try await putElsewhere(choose(Self.names))
    case 74..<77: try await removeElsewhere(choose(Self.names))
    case 77..<80: try await moveElsewhere(choose(Self.names), choose(Self.names))
    case 80..<83: host.die(after: choose([0, 1, 2, 5, 20]))
    case 83..<85: try await host.restart()
    case 85..<88: changeWeather()
    default:
      await simulation.wait(.milliseconds(choose([1, 20, 500, 5_000, 100_000])), in: host.life)
    }
    for host in hosts where host.life.isOver {
      tell("death \(host.name)")
      try await host.restart()
    }
    for host in hosts { try host.checkInvariants() }
  }

  /// Writes over the file that is there, if any.
  private func write(_ name: String, on host: Host) async throws {
    tell("write \(name) \(host.name)")
    let flags: OpenFlags = [.read, .write]
    guard let reply = await host.perform(.open(0, [name], flags.rawValue)) else { return }
    if reply.errno == .noSuchFileOrDirectory {
      try await make(name, on: host)
    } else if let size = reply.attributes?.size {
      replace(size)
      guard await host.perform(.resizeOpen(0, 0))?.errno == nil else { return }
      try await fill(host)
    }
  }

  /// Makes a file where none is: nothing is replaced, whatever is there that is not known here.
  private func make(_ name: String, on host: Host) async throws {
    tell("make \(name) \(host.name)")
    let flags: OpenFlags = [.read, .write, .exclusive]
    let reply = await host.perform(
      .create(
        0, [name], flags.rawValue, permissions: 0o644, Owner(user: 0, group: 0), umask: 0))
    if reply?.errno == nil { try await fill(host) }
  }

  private func fill(_ host: Host) async throws {
    let version = makeVersion()
    let size = versions[version].bytes.count
    let reply = await host.perform(
      .write(0, 0, count: size, fill: UInt8(truncatingIfNeeded: version * 2), isPage: false))
    versions[version].isAcknowledged = reply?.errno == nil && !host.life.isOver
    _ = await host.perform(.close(0))
  }

  /// As editors do it: a new file takes the place of the old one.
  private func replace(_ name: String, on host: Host) async throws {
    temporaries += 1
    let temporary = "new \(temporaries)"
    try await make(temporary, on: host)
    try await rename(temporary, name, on: host)
  }

  private func rename(_ old: String, _ new: String, on host: Host) async throws {
    tell("rename \(old) \(new) \(host.name)")
    if old.utf8.elementsEqual(new.utf8) { return }
    if await host.perform(.look([old]))?.attributes == nil { return }
    let start = simulation.now
    let look = await host.perform(.look([new]))
    // The kernel renames nothing to a name that it cannot look up.
    if let error = look?.errno, error != .noSuchFileOrDirectory { return }
    let reply = await host.perform(.rename([old], [new], .replace))
    if reply?.errno == nil || host.life.isOver {
      replace(look?.attributes?.size, new, on: host, since: start)
    }
  }

  private func remove(_ name: String, on host: Host) async throws {
    tell("remove \(name) \(host.name)")
    let start = simulation.now
    guard let seen = await host.perform(.look([name]))?.attributes?.size else { return }
    let reply = await host.perform(.unlink([name]))
    if reply?.errno == nil || host.life.isOver { replace(seen, name, on: host, since: start) }
  }

  /// A name stands for what the host saw last, which may be later than what it told before.
  private func replace(
    _ seen: Int64?, _ name: String, on host: Host, since start: Timestamp
  ) {
    if let seen { replace(seen) }
    let key = ObjectKey(Settings.prefix + name)
    for size in network.listed(key, by: host.name, since: start) { replace(size) }
  }

  private func read(_ name: String, on host: Host) async throws {
    let flags: OpenFlags = [.read]
    guard let reply = await host.perform(.open(0, [name], flags.rawValue)), reply.errno == nil
    else { return }
    let bytes = await host.perform(.read(0, 0, count: 1 << 20))?.bytes
    _ = await host.perform(.close(0))
    if let bytes, !host.life.isOver { try check(bytes, "\(name) on \(host.name)") }
  }

  // MARK: Another tool

  /// Replaces what is there, whatever it is: that nobody else can prevent.
  private func putElsewhere(_ name: String) async throws {
    tell("put \(name)")
    let key = ObjectKey(Settings.prefix + name)
    replaceStored(key)
    let version = makeVersion()
    _ = try await network.store.put(
      key, BytesSource(versions[version].bytes), headers: ObjectHeaders(), condition: .none)
    versions[version].isAcknowledged = true
    network.noteStored(key)
  }

  private func removeElsewhere(_ name: String) async throws {
    tell("delete \(name)")
    let key = ObjectKey(Settings.prefix + name)
    replaceStored(key)
    try await network.store.delete(key)
  }

  /// With its metadata, in which the host that wrote it may have said so (`aws s3 mv`).
  private func moveElsewhere(_ old: String, _ new: String) async throws {
    if old.utf8.elementsEqual(new.utf8) { return }
    let (source, target) = (ObjectKey(Settings.prefix + old), ObjectKey(Settings.prefix + new))
    guard network.store.bytes(of: source) != nil else { return }
    tell("move \(old) \(new)")
    replaceStored(target)
    _ = try await network.store.copy(
      from: source, sourceMatch: nil, to: target, headers: nil, condition: .none)
    network.noteStored(target)
    try await network.store.delete(source)
  }

  private func changeWeather() {
    if settings.isCalm { return }
    tell("weather")
    var weather = NetworkWeather()
    weather.failures = choose([0, 30, 200])
    weather.lostAnswers = choose([0, 30, 200])
    network.weather = weather
  }

  private func replaceStored(_ key: ObjectKey) {
    if let bytes = network.store.bytes(of: key) { replace(Int64(bytes.count)) }
  }

  // MARK: Versions

  private func tell(_ text: String) {
    events.append("\(simulation.now.nanosecondsSinceEpoch / 1_000_000 % 100_000_000) \(text)")
  }

  private func choose<Value>(_ values: [Value]) -> Value {
    values[Int.random(in: values.indices, using: &random)]
  }

  private func makeVersion() -> Int {
    let number = versions.count
    let size = (number + 1) * choose([97, 97, 1_700])
    let isTaken = versions.contains { $0.bytes.count == size }
    let bytes = Side.pattern(isTaken ? size + 1 : size, UInt8(truncatingIfNeeded: number * 2))
    versions.append(Version(bytes: bytes))
    tell("version \(number) of \(bytes.count)")
    return number
  }

  private func replace(_ size: Int64) {
    tell("seen \(size)")
    for index in versions.indices where Int64(versions[index].bytes.count) == size {
      versions[index].isReplaced = true
    }
  }

  /// Bytes are a version, or the beginning of one: somebody may be writing it.
  private func check(_ bytes: [UInt8], _ place: String) throws {
    guard versions.contains(where: { $0.bytes.starts(with: bytes) }) else {
      throw Discrepancy("torn: \(place) has \(bytes.count) bytes, which nobody has written so")
    }
  }

  // MARK: The end

  /// Everybody has sent what was to be sent, and has seen what the others have sent.
  func settle() async throws {
    network.weather = NetworkWeather()
    for host in hosts { host.die(after: nil) }
    for _ in 0..<2 {
      for host in hosts {
        if host.life.isOver { try await host.restart() }
        for size in try await host.drain() { replace(size) }
      }
      await simulation.wait(Self.rest, in: hosts[0].life)
    }
    let stored = network.store.keys.filter { !hosts[0].isReserved($0) }
    var found: Set<Int> = []
    for key in stored {
      let bytes = network.store.bytes(of: key) ?? []
      try check(bytes, "\(key)")
      found.insert(bytes.count)
    }
    let raced = racedSizes
    for (number, version) in versions.enumerated() {
      let size = version.bytes.count
      if version.isAcknowledged, !version.isReplaced, !found.contains(size), !raced.contains(size) {
        throw Discrepancy(
          "lost: version \(number) of \(size) bytes; there are \(stored.map(\.text).sorted())")
      }
    }
    for host in hosts {
      // One that takes longer than three seconds is shown the next time.
      for _ in 0..<3 {
        _ = try await host.names()
        await simulation.wait(.seconds(30), in: host.life)
      }
      let names = try await host.names().map { Settings.prefix + $0 }
      guard Set(names.map { Array($0.utf8) }) == Set(stored.map { Array($0.text.utf8) }) else {
        throw Discrepancy("names: \(host.name) has \(names) instead of \(stored.map(\.text))")
      }
    }
  }

  /// Versions that a delete hit which was meant for another one: a store that does not look deletes
  /// whatever is there, so what comes between the last look and the delete is lost.
  private var racedSizes: Set<Int> {
    let raced = network.deletions.filter { deletion in
      let limit = deletion.time.advanced(by: .zero - Self.deleteTrust)
      return deletion.lookedBefore.map { $0 >= limit } ?? false
    }
    return Set(raced.map(\.size))
  }

  func end() async {
    for host in hosts { await host.end() }
  }
}
