import Dispatch
import Logging
import MediaFSCore
import MediaFSEngine
import Synchronization

/// What every callback needs; the session carries it as its user data.
final class RequestContext: Sendable {
  let fileSystem: any FileSystem
  let executor: any TaskExecutor
  let log: Logger
  let waiting = WaitingRequests()
  let known = KnownInodes()
  let passthrough = Passthrough()

  init(fileSystem: any FileSystem, executor: any TaskExecutor, log: Logger) {
    self.fileSystem = fileSystem
    self.executor = executor
    self.log = log
  }

  /// The kernel forgets an inode as often as it was told of it.
  func forget(_ inode: InodeNumber, count: UInt64) {
    if known.remove(inode, count: count) { fileSystem.forget(inode) }
  }
}

/// The tasks of requests that have left the thread that took them.
final class WaitingRequests: Sendable {
  private struct State {
    var tasks: [ObjectIdentifier: Task<Void, Never>] = [:]
    var isClosed = false
  }

  private let state = Mutex(State())
  private let answered = DispatchGroup()

  func insert(_ request: PendingRequest, _ task: Task<Void, Never>) {
    answered.enter()
    let isClosed = state.withLock { state in
      state.tasks[ObjectIdentifier(request)] = task
      return state.isClosed
    }
    if isClosed { task.cancel() }
  }

  /// After the answer; fine for a request that never waited.
  func remove(_ request: PendingRequest) {
    let task = state.withLock { $0.tasks.removeValue(forKey: ObjectIdentifier(request)) }
    if task != nil { answered.leave() }
  }

  /// Cancels all there are and will be; false when some have not answered in time.
  func cancelAll(timeout: DispatchTimeInterval) -> Bool {
    let tasks = state.withLock { state in
      state.isClosed = true
      return Array(state.tasks.values)
    }
    for task in tasks { task.cancel() }
    return answered.wait(timeout: .now() + timeout) == .success
  }
}
