import Glibc
import MediaFSTesting
import PosixIO
import Synchronization
import SystemPackage
import Testing

/// Random operations against the volume and against a model that is obviously right; then
/// everything is uploaded, and the bucket is the model.
///
/// `MEDIAFS_SEED=17` repeats one seed and `MEDIAFS_SEEDS=5000` tries more; both, so many from that
/// one on. `MEDIAFS_TRACE` tells how each ended, and `MEDIAFS_SHRINKING=0` leaves failing sequences
/// as they are. What a seed does follows from it, but for the order of Swift's sets, which
/// `SWIFT_DETERMINISTIC_HASHING=1` keeps.
@Suite struct ReferenceModelTests {
  private static let seeds = 1_000
  /// One for each core of the smallest machine that this is run on.
  private static let workers = 2
  /// Attempts to make a failing sequence shorter; `MEDIAFS_SHRINKING` allows others.
  private static let shrinking =
    TestEnvironment.inherited["MEDIAFS_SHRINKING"].flatMap { Int($0) } ?? 200

  @Test func whateverHappensTheBucketBecomesTheModel() async {
    let queue = Queue(Self.chosenSeeds)
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<Self.workers {
        group.addTask { await Self.onThread { Self.work(queue, worker) } }
      }
    }
    for failure in queue.failures { Issue.record(Comment(rawValue: failure)) }
  }

  /// The seeds that are left, and what went wrong so far.
  private final class Queue: Sendable {
    /// More would only say the same again.
    private static let failureLimit = 3
    private let seeds: ClosedRange<UInt64>
    private let state: Mutex<(next: UInt64, failures: [String])>

    init(_ seeds: ClosedRange<UInt64>) {
      self.seeds = seeds
      state = Mutex((seeds.lowerBound, []))
    }

    var failures: [String] { state.withLock { $0.failures } }

    func next() -> UInt64? {
      state.withLock { state in
        guard seeds.contains(state.next), state.failures.count < Self.failureLimit else {
          return nil
        }
        defer { state.next += 1 }
        return state.next
      }
    }

    func add(_ failure: String) {
      state.withLock { $0.failures.append(failure) }
    }
  }

  private static func work(_ queue: Queue, _ worker: Int) {
    while let seed = queue.next() {
      if let failure = failure(of: seed, worker) { queue.add(failure) }
    }
  }

  private static var chosenSeeds: ClosedRange<UInt64> {
    let variables = TestEnvironment.inherited
    let first = variables["MEDIAFS_SEED"].flatMap { UInt64($0) }
    let count = variables["MEDIAFS_SEEDS"].flatMap { UInt64($0) }
    return (first ?? 1)...(first ?? 1) + max(1, count ?? (first == nil ? UInt64(seeds) : 1)) - 1
  }

  private static func failure(of seed: UInt64, _ worker: Int) -> String? {
    let directory = stateDirectory(worker)
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

  /// In memory where that is possible: what is synchronised is not tested here.
  private static func stateDirectory(_ worker: Int) -> FilePath {
    let parent = (try? FileTree.exists("/dev/shm")) == true ? "/dev/shm" : "/tmp"
    return FilePath("\(parent)/mediafs-model-\(getpid())-\(worker)")
  }

  /// In bytes: deep call chains of one simulated world.
  private static let stackSize = 4 << 20

  private static func onThread(_ body: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
      let thread = DetachedThread(name: "model") {
        body()
        continuation.resume()
      }
      guard thread.start(stackSize: stackSize) else {
        Issue.record("no thread can be started")
        return continuation.resume()
      }
    }
  }
}
