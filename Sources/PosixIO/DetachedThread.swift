import CLinux
import Glibc

/// A named thread that runs `body` and ends; nobody joins it.
package final class DetachedThread: Sendable {
  private let name: String
  private let body: @Sendable () -> Void

  package init(name: String, _ body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }

  /// False when the system has no thread to give.
  ///
  /// - Parameter stackSize: in bytes.
  package func start(stackSize: Int) -> Bool {
    let context = unsafe Unmanaged.passRetained(self)
    let result = unsafe withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) {
      guard let attributes = $0.baseAddress else { return ENOMEM }
      unsafe pthread_attr_init(attributes)
      defer { unsafe pthread_attr_destroy(attributes) }
      unsafe pthread_attr_setstacksize(attributes, stackSize)
      unsafe pthread_attr_setdetachstate(attributes, CInt(PTHREAD_CREATE_DETACHED))
      var thread = pthread_t()
      return unsafe pthread_create(&thread, attributes, runThread, context.toOpaque())
    }
    if result != 0 { unsafe context.release() }
    return result == 0
  }

  fileprivate func run() {
    unsafe pthread_setname_np(pthread_self(), name)
    body()
  }
}

private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context = unsafe context else { return nil }
  unsafe Unmanaged<DetachedThread>.fromOpaque(context).takeRetainedValue().run()
  return nil
}
