import Synchronization

/// The statements of the operation under way. Used by the one connection that writes.
final class Recorder: Sendable {
  private struct State {
    var record: [UInt8] = []
    var isTooLong = false
  }

  /// Of a record, in bytes.
  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) {
    self.limit = limit
  }

  func begin() {
    state.withLock { state in
      state.record.removeAll(keepingCapacity: true)
      state.isTooLong = false
    }
  }

  func add(_ sql: String, _ values: [Value]) {
    state.withLock { state in
      guard !state.isTooLong else { return }
      RecordedStatement.append(sql, values, to: &state.record)
      if state.record.count > limit { state = State(isTooLong: true) }
    }
  }

  /// What the operation did; `nil` where that is more than a log takes.
  var record: [UInt8]? {
    state.withLock { $0.isTooLong ? nil : $0.record }
  }
}
