import MediaFSEngine
import Synchronization
import SystemPackage

/// Answers as a volume would, and tells the test what it was asked.
final class FakeControl: VolumeControl {
  private struct State {
    var isPaused = false
    var pending = VolumeStatus.Count(files: 3, bytes: 300)
    var flushed: [String?] = []
    var isFlushCancelled = false
    var waiting: [CheckedContinuation<Void, Never>] = []
    var observers: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let flushFails: Bool

  init(flushFails: Bool = false) {
    self.flushFails = flushFails
  }

  var isPaused: Bool { state.withLock { $0.isPaused } }
  var flushed: [String?] { state.withLock { $0.flushed } }

  func status() throws(FileSystemError) -> VolumeStatus {
    .example
  }

  func pending(beneath path: String?) throws(FileSystemError) -> VolumeStatus.Count {
    state.withLock { $0.pending }
  }

  /// Waits until ``finishFlush()`` or its cancellation.
  func flush(beneath path: String?) async throws(FileSystemError) {
    if flushFails { throw FileSystemError(.ioError, "flush", "2 items are parked") }
    state.withLock { $0.flushed.append(path) }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.isFlushCancelled { return true }
          state.waiting.append(continuation)
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      let (waiting, observers) = state.withLock { state in
        state.isFlushCancelled = true
        defer { (state.waiting, state.observers) = ([], []) }
        return (state.waiting, state.observers)
      }
      for waiter in waiting + observers { waiter.resume() }
    }
  }

  func finishFlush() {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    for waiter in waiting { waiter.resume() }
  }

  /// Returns when a flush was cancelled.
  func flushWasCancelled() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if !state.isFlushCancelled { state.observers.append(continuation) }
        return state.isFlushCancelled
      }
      if isOver { continuation.resume() }
    }
  }

  func verify(
    beneath path: String?, repairing: Bool,
    progress: @escaping @Sendable (VolumeStatus.Count) -> Void
  ) async throws(FileSystemError) -> Verification {
    guard path != "missing" else {
      throw FileSystemError(.noSuchFileOrDirectory, "verify", "missing does not exist")
    }
    var found = Verification()
    found.checked = VolumeStatus.Count(files: 2, bytes: 200)
    found.damagedBlocks = 2
    found.repairedBlocks = repairing ? 2 : 0
    return found
  }

  func setPaused(_ paused: Bool) {
    state.withLock { $0.isPaused = paused }
  }

  func retry(beneath path: String?) throws(FileSystemError) -> Int {
    guard path != "missing" else {
      throw FileSystemError(.noSuchFileOrDirectory, "retry", "missing does not exist")
    }
    return 2
  }
}

extension VolumeStatus {
  /// A mount in the middle of its work, with something in every field.
  static let example = VolumeStatus(
    source: "s3://media/photos/", mountpoint: "/srv/media", offline: nil, paused: false,
    total: Count(files: 2_000, bytes: 3 << 30), local: Count(files: 500, bytes: 1 << 30),
    dirty: Count(files: 3, bytes: 300), remoteOnly: Count(files: 1_500, bytes: 2 << 30),
    uploads: Queue(
      waiting: Count(files: 3, bytes: 300), active: 1, oldestAge: 12.5, retries: 4,
      lastError: "SlowDown: Please reduce your request rate."),
    downloads: Queue(), deletes: Queue(waiting: Count(files: 1, bytes: 7)),
    parked: [Parked(path: "a/b.jpg", error: "AccessDenied: no right to write")],
    cache: Cache(bytes: 1 << 30, limit: 10 << 30, hits: 90, misses: 10, evictions: 5),
    passthrough: Passthrough(files: 7, bytes: 1 << 20), conflicts: 2,
    requests: ["PutObject": 12, "GetObject": 34])
}
