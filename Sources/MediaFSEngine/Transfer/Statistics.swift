import Synchronization

/// Counters of one mount, since it was made.
final class Statistics: Sendable {
  /// One number that only grows.
  struct Counter: ~Copyable, Sendable {
    private let value = Atomic<Int>(0)

    func add(_ amount: Int) {
      value.add(amount, ordering: .relaxed)
    }

    var count: Int { value.load(ordering: .relaxed) }
  }

  /// Reads that found their bytes here, and those that had to wait.
  let hits = Counter()
  let misses = Counter()
  let downloads = Counter()
  let uploads = Counter()
  let evictions = Counter()
  let conflicts = Counter()
  /// Cached blocks that were not what they had been.
  let damagedBlocks = Counter()
  /// What the last inspection found.
  let violations = Mutex(0)
}
