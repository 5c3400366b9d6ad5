import CFuse3
import Glibc
import SystemPackage

/// How requests come from the kernel and answers go back: through us, on the session's own
/// descriptor, so that what libfuse 3.14 has no words for can be said in others.
///
/// A request is looked at once it is read and before libfuse sees it. The cost is a look at one
/// integer.
enum SessionIO {
  /// To be called between mounting and the first request. What libfuse does with the descriptor
  /// otherwise (polling, closing) stays as it is.
  static func install(on session: SessionPointer) throws(Errno) {
    var io = fuse_custom_io()
    unsafe io.read = readRequest
    unsafe io.writev = writeAnswer
    let result = unsafe fuse_session_custom_io(
      session.value, &io, fuse_session_fd(session.value))
    if result < 0 { throw Errno(rawValue: -result) }
  }

  /// Puts a request that libfuse does not know into terms that it does.
  ///
  /// - Parameter request: begins with a `fuse_in_header` of linux/fuse.h: the length and the
  ///   operation, 32 bits each, in the byte order of this machine.
  static func translate(_ request: UnsafeMutableRawBufferPointer) {
    guard request.count >= headerLength else { return }
    let operation = unsafe request.loadUnaligned(fromByteOffset: operationOffset, as: UInt32.self)
    if operation == Operation.makeTemporary {
      unsafe request.storeBytes(
        of: Operation.create, toByteOffset: operationOffset, as: UInt32.self)
    }
  }

  /// In bytes.
  private static let headerLength = 40
  private static let operationOffset = 4

  /// `enum fuse_opcode` of linux/fuse.h.
  private enum Operation {
    static let create: UInt32 = 35
    /// `FUSE_TMPFILE`: a FUSE_CREATE whose name is "/", which none can have.
    static let makeTemporary: UInt32 = 51
  }
}

/// Returns -1 with the errno of read(2), which libfuse looks at: nothing may come between.
private func readRequest(
  _ descriptor: CInt, _ buffer: UnsafeMutableRawPointer?, _ capacity: Int,
  _ userdata: UnsafeMutableRawPointer?
) -> Int {
  let count = unsafe read(descriptor, buffer, capacity)
  guard count > 0, let buffer = unsafe buffer else { return count }
  unsafe SessionIO.translate(UnsafeMutableRawBufferPointer(start: buffer, count: count))
  return count
}

private func writeAnswer(
  _ descriptor: CInt, _ parts: UnsafeMutablePointer<iovec>?, _ count: CInt,
  _ userdata: UnsafeMutableRawPointer?
) -> Int {
  unsafe writev(descriptor, parts, count)
}
