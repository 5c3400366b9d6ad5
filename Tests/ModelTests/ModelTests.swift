import Glibc
import MediaFSTesting
import SystemPackage
import Testing

/// Random operations against the volume and against a model that is obviously right; then
/// everything is uploaded, and the bucket is the model.
///
/// `MEDIAFS_SEED=17` repeats one seed and `MEDIAFS_SEEDS=20000` tries more; both, so many from that
/// one on. `MEDIAFS_TRACE` tells how each ended, and `MEDIAFS_SHRINKING=0` leaves failing sequences
/// as they are. What a seed does follows from it, but for the order of Swift's sets, which
/// `SWIFT_DETERMINISTIC_HASHING=1` keeps.
@Suite struct ReferenceModelTests {
  private static let seeds: UInt64 = 5_000
  /// More failures would only say the same again.
  private static let failureLimit = 3
  /// Attempts to make a failing sequence shorter; `MEDIAFS_SHRINKING` allows others.
  private static let shrinking =
    TestEnvironment.inherited["MEDIAFS_SHRINKING"].flatMap { Int($0) } ?? 200

  @Test func whateverHappensTheBucketBecomesTheModel() async {
    let failures = await Worlds.failures(
      of: Worlds.chosenSeeds(Self.seeds), limit: Self.failureLimit, Self.failure)
    for failure in failures { Issue.record(Comment(rawValue: failure.text)) }
  }

  private static func failure(of seed: UInt64, in directory: FilePath) -> String? {
    let scenario = Scenario(seed: seed)
    let outcome = scenario.run(in: directory)
    if TestEnvironment.inherited["MEDIAFS_TRACE"] != nil {
      print("seed \(seed) \(outcome)")
      fflush(nil)
    }
    guard outcome.failure != nil else { return nil }
    let shortest = scenario.shrunk(outcome, runs: shrinking, in: directory)
    let end = shortest.run(in: directory)
    let lines = shortest.operations.enumerated().map { "  \($0). \($1)" }.joined(separator: "\n")
    return escaped(
      """
      seed \(seed), step \(outcome.step): \(outcome.failure ?? "")
      shortest, in \(shortest.settings):
      \(lines)
      step \(end.step): \(end.failure ?? "fails no more")
      """)
  }

  /// Two forms of a letter look alike otherwise.
  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { $0.isASCII ? String($0) : $0.escaped(asASCII: true) }.joined()
  }
}
