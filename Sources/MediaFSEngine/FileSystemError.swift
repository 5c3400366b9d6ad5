package import SystemPackage

/// The only error that reaches an edge: what an application sees, and what the log says of it.
package struct FileSystemError: Error, Sendable, CustomStringConvertible {
  package let errno: Errno
  /// The operation that failed, as the kernel names it ("lookup", "read"…).
  package let operation: String
  package let message: String
  /// What lies below, for the log.
  package let underlying: (any Error)?

  package init(
    _ errno: Errno, _ operation: String, _ message: String, underlying: (any Error)? = nil
  ) {
    self.errno = errno
    self.operation = operation
    self.message = message
    self.underlying = underlying
  }

  package var description: String {
    let cause = underlying.map { ": \($0)" } ?? ""
    return "\(operation): \(message) (\(errno))\(cause)"
  }
}
