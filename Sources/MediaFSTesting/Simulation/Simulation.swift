package import MediaFSEngine
package import ObjectStorage
import Synchronization
import SystemPackage

/// Runs tasks one at a time, on the thread that asks, in an order that follows from a seed, with a
/// clock that jumps to the next event when nothing else can be done.
///
/// Everything between two suspensions is one step, so what a seed does it does again, an hour of
/// waiting takes no time, and a task that waits for something that never comes is found out.
/// Threads that interrupt each other between two instructions are not simulated.
package final class Simulation: TaskExecutor {
  /// How a run ends that does not come to its end.
  package enum Failure: Error {
    /// Every task waits for another one.
    case stuck
    /// Steps were used up: tasks that wake each other for ever.
    case endless
  }

  private struct Sleeper {
    var due: Timestamp
    var life: Life
    var continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    var ready: [UnownedJob] = []
    var sleepers: [Int: Sleeper] = [:]
    var nextSleeper = 0
    var now: Timestamp
    var random: SeededRandom
  }

  /// Every look at the clock is later than the one before, as on a real machine.
  private static let tick: Duration = .microseconds(1)

  private let state: Mutex<State>

  package init(seed: UInt64, now: Timestamp = Timestamp(seconds: 1_700_000_000)) {
    state = Mutex(State(now: now, random: SeededRandom(seed: seed)))
  }

  // MARK: Running

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { $0.ready.append(job) }
  }

  /// Runs `body` and what it starts, until its end. What still sleeps then is never woken.
  ///
  /// - Parameter steps: more than a run that is in order ever needs.
  package func run<Answer: Sendable>(
    steps: Int, _ body: @escaping @Sendable () async -> Answer
  ) throws(Failure) -> Answer {
    let result = Mutex<Answer?>(nil)
    Task(executorPreference: self) {
      let answer = await body()
      result.withLock { $0 = answer }
    }
    for _ in 0..<steps {
      if let job = nextJob() {
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
      } else if let answer = result.withLock({ $0 }) {
        return answer
      } else if !wakeNext() {
        throw .stuck
      }
    }
    throw .endless
  }

  private func nextJob() -> UnownedJob? {
    state.withLock { state in
      guard !state.ready.isEmpty else { return nil }
      let index = Int.random(in: state.ready.indices, using: &state.random)
      state.ready.swapAt(index, state.ready.count - 1)
      return state.ready.popLast()
    }
  }

  /// Lets time pass until the next sleeper wakes; false when nobody sleeps.
  private func wakeNext() -> Bool {
    let sleeper = state.withLock { state -> Sleeper? in
      let next = state.sleepers.min { ($0.value.due, $0.key) < ($1.value.due, $1.key) }
      guard let next else { return nil }
      state.now = max(state.now, next.value.due)
      return state.sleepers.removeValue(forKey: next.key)
    }
    sleeper?.continuation.resume()
    return sleeper != nil
  }

  // MARK: What the tasks see

  package var now: Timestamp {
    state.withLock { state in
      state.now = state.now.advanced(by: Self.tick)
      return state.now
    }
  }

  /// Returns early when the task is cancelled, or the life ends.
  package func wait(_ duration: Duration, in life: Life) async {
    let id = state.withLock { state in
      state.nextSleeper += 1
      return state.nextSleeper
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        guard !Task.isCancelled else { return continuation.resume() }
        state.withLock { state in
          state.sleepers[id] = Sleeper(
            due: state.now.advanced(by: max(.zero, duration)), life: life,
            continuation: continuation)
        }
      }
    } onCancel: {
      state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume()
    }
  }

  /// A number from the simulation's own chance.
  package func random<Bound: FixedWidthInteger & Sendable>(in range: ClosedRange<Bound>) -> Bound {
    state.withLock { Bound.random(in: range, using: &$0.random) }
  }

  package func happens(_ probability: Double) -> Bool {
    state.withLock { Double.random(in: 0..<1, using: &$0.random) < probability }
  }

  /// Time, chance, threads and a disk for a volume.
  package func environment(for life: Life, on disk: SimulatedDisk) -> Environment {
    var environment = Environment(
      now: { self.now }, sleep: { await self.wait($0, in: life) },
      random: { self.state.withLock { Double.random(in: 0..<1, using: &$0.random) } },
      executor: self, contentDisk: { _ in SimulatedMount(disk, for: life) })
    environment.beforeCommit = { () throws(Errno) in try disk.commit(in: life) }
    environment.afterSynchronization = { disk.synchronizeLog(in: life) }
    return environment
  }

  /// Ends a life: whoever sleeps in it wakes, and finds out.
  package func end(_ life: Life) {
    guard let ending = life.end() else { return }
    Task(executorPreference: self) { ending() }
    let woken = state.withLock { state in
      let woken = state.sleepers.filter { $0.value.life === life }
      for id in woken.keys { state.sleepers[id] = nil }
      return woken.sorted { $0.key < $1.key }.map(\.value.continuation)
    }
    for continuation in woken { continuation.resume() }
  }
}

/// The time from a process's start to its death, for everything that dies with it.
package final class Life: Sendable {
  /// Whose life it is, where there are several.
  let host: String
  private let state = Mutex((isOver: false, ending: { @Sendable () -> Void in }))

  package init(of host: String = "") {
    self.host = host
  }

  package var isOver: Bool { state.withLock { $0.isOver } }

  /// What the death closes that else would go on answering; done once it has come.
  package func atEnd(_ body: @escaping @Sendable () -> Void) {
    state.withLock { $0.ending = body }
  }

  /// `nil` when it was over.
  fileprivate func end() -> (@Sendable () -> Void)? {
    state.withLock { state in
      guard !state.isOver else { return nil }
      state.isOver = true
      // It refers to what refers to the life, and would keep all of it in memory.
      defer { state.ending = {} }
      return state.ending
    }
  }
}
