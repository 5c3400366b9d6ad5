import ObjectStorage
import Synchronization
import SystemPackage

/// Something happened that others may wait for; they then look what.
final class Wakeup: Sendable {
  private let next = Mutex(Deferred<Void>())

  /// To be taken before looking: what happens after the look is then not missed.
  var event: Deferred<Void> { next.withLock { $0 } }

  func signal() {
    let event = next.withLock { next in
      defer { next = Deferred() }
      return next
    }
    event.resolve(.success(()))
  }
}
