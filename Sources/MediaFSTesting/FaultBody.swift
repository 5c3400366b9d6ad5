import ObjectStorage
import Synchronization

/// The body of a download that breaks off or waits where a ``StoreFault`` says.
final class FaultBody: ObjectBody {
  private let base: any ObjectBody
  private let fault: StoreFault?
  /// Bytes that came from ``base`` and were not given yet, and how many were given.
  private let progress = Mutex((held: [UInt8](), given: 0))

  init(_ base: any ObjectBody, _ fault: StoreFault?) {
    self.base = base
    self.fault = fault
  }

  func next() async throws(ObjectStoreError) -> [UInt8]? {
    switch fault {
    case .cutBody(let limit, let error):
      guard let bytes = try await next(before: limit) else { throw error }
      return bytes
    case .holdBody(let limit, let gate):
      if let bytes = try await next(before: limit) { return bytes }
      try await gate.pass()
      return try await next(before: .max)
    case .fail, .loseAnswer, .hold, .holdThenFail, .holdAnswer, nil:
      return try await base.next()
    }
  }

  /// The next bytes, but none at or behind `limit`; `nil` at the limit or at the end.
  private func next(before limit: Int) async throws(ObjectStoreError) -> [UInt8]? {
    var (held, given) = progress.withLock { $0 }
    guard given < limit else { return nil }
    if held.isEmpty {
      guard let bytes = try await base.next() else { return nil }
      held = bytes
    }
    let chunk = Array(held.prefix(limit - given))
    progress.withLock { $0 = (Array(held.dropFirst(chunk.count)), given + chunk.count) }
    return chunk
  }

  func cancel() {
    base.cancel()
  }
}
