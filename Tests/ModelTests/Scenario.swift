import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Synchronization
import SystemPackage

/// Operations in their surroundings, which always end in the same way.
struct Scenario: Sendable {
  var settings: Settings
  var operations: [Operation]

  /// How many operations a seed makes.
  static let length = 80
  /// Later than the machine's own clock, from which recovered files have their times.
  static let beginning = Timestamp(seconds: 4_000_000_000)
  /// Steps of a run, of which one in order needs some ten thousand.
  static let stepLimit = 200_000

  init(seed: UInt64, mutant: Mutant? = nil) {
    settings = Settings(seed: seed)
    settings.mutant = mutant
    mutant?.choose(&settings)
    var generator = OperationGenerator(settings)
    operations = generator.sequence(Self.length)
  }

  /// How a run ended.
  struct Outcome: Sendable {
    /// `nil`: well.
    var failure: String?
    /// The operation that failed; the end comes after the last one.
    var step: Int

    /// Failures of one sort, however they show.
    var sort: String? { failure.map { String($0.prefix { $0 != ":" }) } }
  }

  /// Runs on the calling thread.
  func run(in directory: FilePath) -> Outcome {
    let simulation = Simulation(seed: settings.seed &* 3, now: Self.beginning)
    let progress = Progress()
    defer { DiskTree.remove(directory.string) }
    do {
      return try simulation.run(steps: Self.stepLimit) { [self] in
        await run(simulation, directory, progress)
      }
    } catch {
      return Outcome(failure: "the simulation is \(error)", step: progress.step)
    }
  }

  private func run(
    _ simulation: Simulation, _ directory: FilePath, _ progress: Progress
  ) async -> Outcome {
    do {
      let world = try World(settings, simulation, in: directory)
      do {
        try await run(world, progress)
      } catch {
        await world.end()
        throw error
      }
      return Outcome(failure: nil, step: progress.step)
    } catch {
      return Outcome(failure: "\(error)", step: progress.step)
    }
  }

  private func run(_ world: World, _ progress: Progress) async throws {
    try await world.putForeignObjects()
    for operation in operations {
      try await world.step(operation)
      progress.advance()
    }
    try await world.survive()
    try await world.inGoodWeather { try await world.compareTrees(.exactly) }
    try await world.settle()
    try await world.forget()
    await world.end()
  }

  private final class Progress: Sendable {
    private let count = Mutex(0)
    var step: Int { count.withLock { $0 } }
    func advance() { count.withLock { $0 += 1 } }
  }
}

extension Scenario {
  /// The shortest sequence found that still fails in this way: whole stretches are left out first,
  /// then single operations.
  ///
  /// - Parameter runs: how many attempts that may take.
  func shrunk(_ outcome: Outcome, runs: Int, in directory: FilePath) -> Scenario {
    var best = self
    var runs = runs
    var stretch = max(1, operations.count / 2)
    while stretch >= 1, runs > 0 {
      var start = 0
      var hasShrunk = false
      while start < best.operations.count, runs > 0 {
        var shorter = best
        shorter.operations.removeSubrange(start..<min(start + stretch, best.operations.count))
        runs -= 1
        if shorter.run(in: directory).sort != outcome.sort {
          start += stretch
        } else {
          best = shorter
          hasShrunk = true
        }
      }
      if !hasShrunk { stretch /= 2 }
    }
    return best
  }
}
