package import ObjectStorage
import Synchronization

/// Holds calls until a test lets them go on, so that a test decides the order of events.
package final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var arrivals = 0
    var serial = 0
    var held: [Int: CheckedContinuation<Void, Never>] = [:]
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  package init() {}

  /// Waits until the gate is open; throws `cancelled` when the task is.
  package func pass() async throws(ObjectStoreError) {
    let id = arrive()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let goesOn = state.withLock { state in
          if state.isOpen || Task.isCancelled { return true }
          state.held[id] = continuation
          return false
        }
        if goesOn { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.held.removeValue(forKey: id) }?.resume()
    }
    if Task.isCancelled {
      throw ObjectStoreError(.cancelled, code: "Cancelled", message: "cancelled while held")
    }
  }

  /// Lets all go on that wait or come later.
  package func open() {
    let held = state.withLock { state in
      state.isOpen = true
      defer { state.held = [:] }
      return state.held.values
    }
    for continuation in held { continuation.resume() }
  }

  /// Returns once `count` calls have come to the gate since it was made.
  package func reached(by count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.arrivals >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isThere { continuation.resume() }
    }
  }

  private func arrive() -> Int {
    let (id, told) = state.withLock { state in
      state.arrivals += 1
      state.serial += 1
      let arrivals = state.arrivals
      let told = state.watchers.filter { $0.count <= arrivals }
      state.watchers.removeAll { $0.count <= arrivals }
      return (state.serial, told.map(\.continuation))
    }
    for continuation in told { continuation.resume() }
    return id
  }
}
