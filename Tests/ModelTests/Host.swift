import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage

/// One of several hosts with a disk of its own.
final class Host {
  private let settings: Settings
  private let network: SimulatedNetwork
  private let simulation: Simulation
  private let directory: FilePath
  private let disk: SimulatedDisk
  private(set) var life: Life
  private var volume: Volume
  private let side: Side

  init(
    _ settings: Settings, _ network: SimulatedNetwork, _ simulation: Simulation,
    in directory: FilePath
  ) throws {
    self.settings = settings
    life = Life(of: settings.host)
    self.network = network
    self.simulation = simulation
    self.directory = directory
    disk = SimulatedDisk(simulation, catalogIn: directory)
    volume = try World.open(
      settings, directory, network, life, simulation.environment(for: life, on: disk), on: disk)
    side = Side(volume)
  }

  var name: String { settings.host }

  /// `nil` also when it has died of it.
  func perform(_ operation: Operation) async -> Reply? {
    let reply = await side.perform(operation)
    return life.isOver ? nil : reply
  }

  func isReserved(_ key: ObjectKey) -> Bool {
    volume.context.keySpace.isReserved(key)
  }

  func die(after count: Int?) {
    disk.die(afterOperations: count)
  }

  func restart() async throws {
    let dead = life
    life = Life(of: settings.host)
    disk.die(afterOperations: nil)
    simulation.end(dead)
    await volume.reconciler.stop()
    await simulation.wait(.nanoseconds(1), in: life)
    volume = try World.open(
      settings, directory, network, life, simulation.environment(for: life, on: disk), on: disk)
    side.files = volume
    side.slots = side.slots.map { _ in nil }
  }

  /// Until the store has everything, but for what nobody can have any more: renamed or patched here
  /// without being here, and replaced by somebody else. Returns the sizes of those files.
  func drain() async throws -> [Int64] {
    do {
      try await volume.flush(beneath: nil)
      return []
    } catch {
      let parked = try volume.status().parked
      guard !parked.isEmpty, parked.allSatisfy({ $0.error.hasPrefix("BaseIsGone") }) else {
        throw Discrepancy("drain: \(error) on \(name); parked: \(parked)")
      }
      var sizes: [Int64] = []
      for file in parked {
        let place = file.path.split(separator: "/").map { String($0) }
        if let size = await side.perform(.look(place))?.attributes?.size { sizes.append(size) }
        _ = await side.perform(.unlink(place))
      }
      return try await sizes + drain()
    }
  }

  /// What always has to hold of its catalog and its cache.
  func checkInvariants() throws {
    if life.isOver { return }
    let violations = try Inspector(context: volume.context).violations()
    guard violations.isEmpty else { throw Discrepancy("invariants on \(name): \(violations)") }
  }

  func names() async throws -> [String] {
    try await side.names(of: .root, page: 100).map { String(decoding: $0.name, as: UTF8.self) }
      .filter { !$0.utf8.elementsEqual(".".utf8) && !$0.utf8.elementsEqual("..".utf8) }
  }

  func end() async {
    await volume.stop()
    simulation.end(life)
  }
}
