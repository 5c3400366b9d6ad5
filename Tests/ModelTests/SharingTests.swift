import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// Several writers of the same names: no version is lost that nobody has replaced knowingly.
///
/// `MEDIAFS_SEED` and `MEDIAFS_SEEDS` choose as in ``ReferenceModelTests``.
@Suite struct SharingTests {
  private static let seeds: UInt64 = 300
  private static let operations = 60
  private static let failureLimit = 3

  @Test func noVersionIsLostBetweenHosts() async {
    let failures = await Worlds.failures(
      of: Worlds.chosenSeeds(Self.seeds), limit: Self.failureLimit
    ) { seed, directory in
      let failure = Self.failure(of: seed, in: directory)
      if TestEnvironment.inherited["MEDIAFS_TRACE"] != nil {
        print("seed \(seed) \(failure ?? "")")
      }
      return failure
    }
    for failure in failures {
      Issue.record(Comment(rawValue: "seed \(failure.seed): \(failure.text)"))
    }
  }

  /// - Parameter mutant: what is wrong with the hosts.
  static func failure(of seed: UInt64, mutant: Mutant? = nil, in directory: FilePath) -> String? {
    var settings = Settings(seed: seed)
    (settings.isCalm, settings.mutant) = (mutant != nil || seed % 4 != 1, mutant)
    settings.conditions = seed.isMultiple(of: 3) ? .ignoredOnCopies : .checked
    settings.checksDeletes = seed.isMultiple(of: 2)
    settings.uploadSynchronous = false
    mutant?.choose(&settings)
    // Nobody would ever hear of the others.
    settings.metadataTTL = settings.metadataTTL ?? .seconds(20)
    let chosen = settings
    let simulation = Simulation(seed: seed &* 7, now: Scenario.beginning)
    defer { DiskTree.remove(directory.string) }
    do {
      return try simulation.run(steps: Scenario.stepLimit) {
        await run(chosen, simulation, directory)
      }
    } catch {
      return "the simulation is \(error)"
    }
  }

  private static func run(
    _ settings: Settings, _ simulation: Simulation, _ directory: FilePath
  ) async -> String? {
    do {
      let world = try SharedWorld(settings, simulation, in: directory)
      do {
        for _ in 0..<operations { try await world.step() }
        try await world.settle()
      } catch {
        await world.end()
        return "\(error)\n" + world.events.map { "  \($0)" }.joined(separator: "\n")
      }
      await world.end()
      return nil
    } catch {
      return "\(error)"
    }
  }
}
