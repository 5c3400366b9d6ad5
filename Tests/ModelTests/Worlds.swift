import Glibc
import MediaFSTesting
import PosixIO
import Synchronization
import SystemPackage
import Testing

/// Many worlds, each of its own seed, on a thread of each core.
enum Worlds {
  struct Failure: Sendable {
    var seed: UInt64
    var text: String
  }

  /// One for each core of the smallest machine that this is run on.
  private static let workers = 2
  /// In bytes: deep call chains of one simulated world.
  private static let stackSize = 4 << 20
  /// Made so far.
  private static let directories = Atomic(0)

  /// The seeds that the environment asks for.
  ///
  /// - Parameter count: how many there are when it does not.
  static func chosenSeeds(_ count: UInt64) -> ClosedRange<UInt64> {
    let variables = TestEnvironment.inherited
    let first = variables["MEDIAFS_SEED"].flatMap { UInt64($0) }
    let wanted = variables["MEDIAFS_SEEDS"].flatMap { UInt64($0) }
    return (first ?? 1)...(first ?? 1) + max(1, wanted ?? (first == nil ? count : 1)) - 1
  }

  /// Tries seeds in their order until so many have failed.
  ///
  /// - Parameter run: one world with its state in the directory; `nil` when it ends well.
  static func failures(
    of seeds: ClosedRange<UInt64>, limit: Int,
    _ run: @escaping @Sendable (UInt64, FilePath) -> String?
  ) async -> [Failure] {
    let queue = Queue(seeds, limit)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<workers {
        group.addTask {
          await onThread {
            let directory = makeStateDirectory()
            while let seed = queue.next() {
              if let text = run(seed, directory) {
                queue.add(Failure(seed: seed, text: text))
              }
            }
          }
        }
      }
    }
    return queue.failures
  }

  /// The seeds that are left, and what went wrong so far.
  private final class Queue: Sendable {
    private let seeds: ClosedRange<UInt64>
    private let limit: Int
    private let state: Mutex<(next: UInt64, failures: [Failure])>

    init(_ seeds: ClosedRange<UInt64>, _ limit: Int) {
      self.seeds = seeds
      self.limit = limit
      state = Mutex((seeds.lowerBound, []))
    }

    var failures: [Failure] { state.withLock { $0.failures } }

    func next() -> UInt64? {
      state.withLock { state in
        guard seeds.contains(state.next), state.failures.count < limit else { return nil }
        defer { state.next += 1 }
        return state.next
      }
    }

    func add(_ failure: Failure) {
      state.withLock { $0.failures.append(failure) }
    }
  }

  /// In memory where that is possible: the catalog is not synchronised here. No two workers share
  /// one, whatever other tests run beside.
  private static func makeStateDirectory() -> FilePath {
    let parent = (try? FileTree.exists("/dev/shm")) == true ? "/dev/shm" : "/tmp"
    let number = Self.directories.add(1, ordering: .relaxed).newValue
    return FilePath("\(parent)/mediafs-model-\(getpid())-\(number)")
  }

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
