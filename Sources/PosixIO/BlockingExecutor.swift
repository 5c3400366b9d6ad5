import Dispatch
import Synchronization

/// Runs tasks on named threads of its own, which may block on the local disk and on SQLite.
///
/// Swift's cooperative pool has one thread per core, and one blocking call per core stops it. The
/// threads start when they are needed, run jobs in the order they came, and stay until
/// ``shutdown()``. The executor itself is never freed: whoever resumes a task may still be inside
/// ``enqueue(_:)`` when the task, and with it the last reference, is gone.
package final class BlockingExecutor: TaskExecutor {
  /// In bytes. Jobs are engine calls down to SQLite, which is sparing with its stack; 16 threads
  /// take 16 MiB of address space, and memory only as deep as they went.
  private static let stackSize = 1 << 20

  private struct State {
    var jobs = JobQueue()
    /// Threads that wait for a job.
    var idle = 0
    var threads = 0
    var isShutDown = false
  }

  private let name: String
  private let maximumThreads: Int
  private let state = Mutex(State())
  /// Raised once for every job, and for every thread that shall end.
  private let wakeups = DispatchSemaphore(value: 0)
  private let running = DispatchGroup()

  /// - Parameter name: of the threads, with a number after it; at most 12 bytes, see
  ///   pthread_setname_np(3).
  package init(name: String = "mediafs", maximumThreads: Int = 16) {
    precondition(maximumThreads > 0)
    self.name = name
    self.maximumThreads = maximumThreads
    _ = unsafe Unmanaged.passRetained(self)
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let newThread = state.withLock { state -> Int? in
      state.jobs.append(job)
      guard state.jobs.count > state.idle, state.threads < maximumThreads else { return nil }
      state.threads += 1
      running.enter()
      return state.threads
    }
    wakeups.signal()
    if let newThread { startThread(number: newThread) }
  }

  /// Ends the threads once the queue is empty, and waits for that.
  ///
  /// A job that comes later still runs, on a thread that ends with it: a task that is resumed by
  /// a late network answer must not vanish with its defer blocks. Not to be called from a job.
  package func shutdown() {
    let threads = state.withLock { state in
      state.isShutDown = true
      return state.threads
    }
    for _ in 0..<threads { wakeups.signal() }
    running.wait()
  }

  private func startThread(number: Int) {
    let thread = DetachedThread(name: "\(name)-\(number)") { self.work() }
    guard !thread.start(stackSize: Self.stackSize) else { return }
    running.leave()
    let threads = state.withLock { state in
      state.threads -= 1
      return state.threads
    }
    // With one thread left the job only waits longer; without any it would wait for ever.
    precondition(threads > 0, "no thread can be started to run a task")
  }

  private func work() {
    while let job = nextJob() { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
    running.leave()
  }

  /// `nil` when the thread shall end.
  private func nextJob() -> UnownedJob? {
    while true {
      let (job, isOver) = state.withLock { state -> (UnownedJob?, Bool) in
        if let job = state.jobs.popFirst() { return (job, false) }
        if state.isShutDown {
          state.threads -= 1
          return (nil, true)
        }
        state.idle += 1
        return (nil, false)
      }
      if job != nil || isOver { return job }
      wakeups.wait()
      state.withLock { $0.idle -= 1 }
    }
  }
}

/// First in, first out, without moving what is queued.
private struct JobQueue {
  private var incoming: [UnownedJob] = []
  private var outgoing: [UnownedJob] = []

  var count: Int { incoming.count + outgoing.count }

  mutating func append(_ job: UnownedJob) {
    incoming.append(job)
  }

  mutating func popFirst() -> UnownedJob? {
    if outgoing.isEmpty {
      outgoing = incoming.reversed()
      incoming.removeAll(keepingCapacity: true)
    }
    return outgoing.popLast()
  }
}
