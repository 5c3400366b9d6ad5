import ObjectStorage
import Synchronization

/// The queue in front of the store: an ``AdaptiveLimit`` that tasks can wait at.
///
/// Lock: a leaf, held for a few instructions; continuations are resumed after it is released.
final class ConcurrencyLimit: Sendable {
  private struct State {
    var limit: AdaptiveLimit
    var waiters: [Int: CheckedContinuation<AdaptiveLimit.Place?, Never>] = [:]
  }

  /// What a task that wants in has become.
  private enum Arrival {
    case go(AdaptiveLimit.Place?)
    case wait
  }

  private let state: Mutex<State>

  init(maximum: Int) {
    state = Mutex(State(limit: AdaptiveLimit(maximum: maximum)))
  }

  /// Requests that may be under way now.
  var current: Int { state.withLock { $0.limit.current } }
  var active: Int { state.withLock { $0.limit.active } }
  var queued: Int { state.withLock { $0.limit.queued } }

  /// Waits for a place; places are given in the order of asking. Throws `cancelled` at once when
  /// the task is cancelled.
  func enter() async throws(ObjectStoreError) -> ConcurrencySlot {
    let ticket = Mutex<Int?>(nil)
    let place = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        arrive(continuation, noting: ticket)
      }
    } onCancel: {
      ticket.withLock { $0 }.map(abandon)
    }
    guard let place else {
      throw ObjectStoreError(
        .cancelled, code: "Cancelled", message: "cancelled while waiting for a connection")
    }
    return ConcurrencySlot(limit: self, place: place)
  }

  private func arrive(
    _ continuation: CheckedContinuation<AdaptiveLimit.Place?, Never>,
    noting ticket: borrowing Mutex<Int?>
  ) {
    let arrival = state.withLock { state -> Arrival in
      switch state.limit.enter() {
      case .granted(let place): return .go(place)
      case .queued(let number):
        state.waiters[number] = continuation
        ticket.withLock { $0 = number }
        return .wait
      }
    }
    switch arrival {
    case .go(let place): continuation.resume(returning: place)
    case .wait:
      // Cancelled before the ticket was noted: the handler had nothing to abandon.
      if Task.isCancelled { ticket.withLock { $0 }.map(abandon) }
    }
  }

  private func abandon(_ ticket: Int) {
    let waiter = state.withLock { state -> CheckedContinuation<AdaptiveLimit.Place?, Never>? in
      guard state.limit.abandon(ticket: ticket) else { return nil }
      return state.waiters.removeValue(forKey: ticket)
    }
    waiter?.resume(returning: nil)
  }

  fileprivate func release() { change { $0.release() } }
  fileprivate func succeeded() { change { $0.succeeded() } }
  fileprivate func throttled(_ place: AdaptiveLimit.Place) {
    state.withLock { $0.limit.throttled(place) }
  }

  private func change(
    _ event: (inout AdaptiveLimit) -> [(ticket: Int, place: AdaptiveLimit.Place)]
  ) {
    typealias Admitted = (CheckedContinuation<AdaptiveLimit.Place?, Never>, AdaptiveLimit.Place)
    let admitted = state.withLock { state -> [Admitted] in
      event(&state.limit).compactMap { admission in
        state.waiters.removeValue(forKey: admission.ticket).map { ($0, admission.place) }
      }
    }
    for (waiter, place) in admitted { waiter.resume(returning: place) }
  }
}

/// A place among the requests under way; given back when it is released or dropped.
final class ConcurrencySlot: Sendable {
  private let limit: ConcurrencyLimit
  private let place: AdaptiveLimit.Place
  private let isHeld = Mutex(true)

  fileprivate init(limit: ConcurrencyLimit, place: AdaptiveLimit.Place) {
    self.limit = limit
    self.place = place
  }

  deinit { release() }

  /// The store answered as it should.
  func succeeded() { limit.succeeded() }

  /// The store answered 429 or 503.
  func throttled() { limit.throttled(place) }

  func release() {
    let wasHeld = isHeld.withLock { held in
      defer { held = false }
      return held
    }
    if wasHeld { limit.release() }
  }
}
