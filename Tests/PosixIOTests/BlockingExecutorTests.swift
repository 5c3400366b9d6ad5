import Dispatch
import PosixIO
import Synchronization
import SystemPackage
import Testing

@Suite struct BlockingExecutorTests {
  private static func threadName() -> String {
    let comm = try? OwnedDescriptor(opening: "/proc/thread-self/comm", .readOnly)
    return String(decoding: (try? comm?.read(count: 20, at: 0)) ?? [], as: UTF8.self)
  }

  @Test func tasksRunOnNamedThreads() async {
    let executor = BlockingExecutor(name: "worker", maximumThreads: 2)
    let name = await Task(executorPreference: executor) { Self.threadName() }.value
    #expect(name.utf8.starts(with: "worker-".utf8))
    executor.shutdown()
  }

  @Test func asManyBlockAsThereAreThreads() async {
    let executor = BlockingExecutor(maximumThreads: 16)
    let arrived = DispatchSemaphore(value: 0)
    let mayLeave = DispatchSemaphore(value: 0)
    let tasks = (0..<40).map { _ in
      Task(executorPreference: executor) { Self.block(arrived, mayLeave) }
    }
    let all = Task(executorPreference: BlockingExecutor(name: "test", maximumThreads: 1)) {
      Self.waitAndRelease(16, arrived, mayLeave, rest: 24)
    }
    #expect(await all.value)
    for task in tasks { await task.value }
    executor.shutdown()
  }

  private static func block(_ arrived: DispatchSemaphore, _ mayLeave: DispatchSemaphore) {
    arrived.signal()
    mayLeave.wait()
  }

  /// False when fewer than `count` block at the same time.
  private static func waitAndRelease(
    _ count: Int, _ arrived: DispatchSemaphore, _ mayLeave: DispatchSemaphore, rest: Int
  ) -> Bool {
    var isFull = true
    for _ in 0..<count where arrived.wait(timeout: .now() + .seconds(30)) != .success {
      isFull = false
    }
    for _ in 0..<count + rest { mayLeave.signal() }
    return isFull
  }

  private final class Numbers: Sendable {
    private let numbers = Mutex<[Int]>([])

    func append(_ number: Int) { numbers.withLock { $0.append(number) } }
    var all: [Int] { numbers.withLock { $0 } }
  }

  @Test func jobsRunInTheirOrder() async {
    let executor = BlockingExecutor(maximumThreads: 1)
    let order = Numbers()
    await withTaskGroup { group in
      for number in 0..<1000 {
        group.addTask(executorPreference: executor) { order.append(number) }
      }
    }
    #expect(order.all == Array(0..<1000))
    executor.shutdown()
  }

  @Test func anImmediateTaskStartsHereAndGoesOnThere() async {
    let executor = BlockingExecutor(name: "there", maximumThreads: 1)
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    let task = Task.immediate(executorPreference: executor) {
      let before = Self.threadName()
      for await _ in stream { break }
      return [before, Self.threadName()]
    }
    continuation.yield()
    let names = await task.value
    #expect(!names[0].isEmpty && !names[0].utf8.starts(with: "there".utf8))
    #expect(names[1].utf8.starts(with: "there-1".utf8))
    executor.shutdown()
  }

  @Test func aJobAfterTheShutdownStillRuns() async {
    let executor = BlockingExecutor(maximumThreads: 4)
    await Task(executorPreference: executor) {}.value
    executor.shutdown()
    let name = await Task(executorPreference: executor) { Self.threadName() }.value
    #expect(name.utf8.starts(with: "mediafs-".utf8))
    executor.shutdown()
  }
}
