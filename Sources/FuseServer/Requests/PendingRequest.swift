import CFuse3
import MediaFSEngine
import Synchronization

/// A request and its task, while an INTERRUPT may come for it.
///
/// libfuse calls back under a lock of the request, at once when the INTERRUPT was first, and may
/// free the request with its answer. So the callback touches only a ``Cancellation``, which lives
/// here and is taken from libfuse, under that same lock, before the answer. Lock order: `state`,
/// then libfuse's.
final class PendingRequest: Sendable {
  private struct State: ~Copyable {
    var request: FuseRequest?
    var cancellation: Cancellation?
  }

  private let context: RequestContext
  private let state: Mutex<State>

  init(_ request: consuming FuseRequest) {
    context = request.context
    state = Mutex(State(request: request))
  }

  /// Lets an INTERRUPT cancel `task`, unless it has answered already.
  func enableInterrupt(of task: Task<Void, Never>) {
    state.withLock { state in
      guard state.request != nil else { return }
      context.waiting.insert(self, task)
      let cancellation = Cancellation(task)
      state.cancellation = cancellation
      state.request?.enableInterrupt(cancellation)
    }
  }

  func answer(_ reply: Reply) {
    let request = state.withLock { state -> FuseRequest? in
      if state.cancellation != nil { state.request?.disableInterrupt() }
      state.cancellation = nil
      return state.request.take()
    }
    request?.answer(reply)
    context.waiting.remove(self)
  }
}

/// What an INTERRUPT calls.
final class Cancellation: Sendable {
  private let task: Task<Void, Never>

  init(_ task: Task<Void, Never>) {
    self.task = task
  }

  func cancel() {
    task.cancel()
  }
}
