import CFuse3
import Glibc
import MediaFSEngine
import SystemPackage

/// How requests come from the kernel and answers go back: through us, on the session's own
/// descriptor, so that what libfuse 3.14 has no words for can be said in others.
///
/// A request is looked at once it is read and before libfuse sees it, an answer when libfuse has
/// made it. The cost is a look at one integer.
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

  // MARK: Requests

  /// Puts a request that libfuse does not know into terms that it does.
  ///
  /// - Parameter request: begins with a `fuse_in_header` of linux/fuse.h: the length and the
  ///   operation, 32 bits each, the number of the request, 64 bits, in the byte order of this
  ///   machine.
  static func translate(_ request: UnsafeMutableRawBufferPointer, _ passthrough: Passthrough) {
    guard request.count >= headerLength else { return }
    let operation = unsafe request.loadUnaligned(fromByteOffset: operationOffset, as: UInt32.self)
    if operation == Operation.makeTemporary {
      unsafe request.storeBytes(
        of: Operation.create, toByteOffset: operationOffset, as: UInt32.self)
    } else if operation == Operation.initialize {
      let number = unsafe request.loadUnaligned(fromByteOffset: numberOffset, as: UInt64.self)
      unsafe passthrough.initialize(
        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(request)[headerLength...]),
        number: number)
    }
  }

  /// In bytes.
  private static let headerLength = 40
  private static let operationOffset = 4
  private static let numberOffset = 8

  /// `enum fuse_opcode` of linux/fuse.h.
  private enum Operation {
    static let initialize: UInt32 = 26
    static let create: UInt32 = 35
    /// `FUSE_TMPFILE`: a FUSE_CREATE whose name is "/", which none can have.
    static let makeTemporary: UInt32 = 51
  }

  // MARK: Answers

  /// The file that the open now being answered on this thread is to be read from; 0 for none.
  private static let backing: pthread_key_t = {
    var key = pthread_key_t()
    unsafe pthread_key_create(&key, nil)
    return key
  }()

  /// Sends an answer to OPEN or CREATE, with what libfuse does not say of it.
  static func opening<Result>(_ access: FileAccess, _ send: () -> Result) -> Result {
    guard let number = access.backing else { return send() }
    unsafe pthread_setspecific(backing, UnsafeRawPointer(bitPattern: Int(number.value)))
    defer { pthread_setspecific(backing, nil) }
    return send()
  }

  /// - Parameter parts: begins with a `fuse_out_header`: length, error, number of the request.
  static func complete(_ parts: UnsafeMutableBufferPointer<iovec>, _ passthrough: Passthrough) {
    guard parts.count > 1, let last = unsafe parts[parts.count - 1].iov_base else { return }
    let body = unsafe UnsafeMutableRawBufferPointer(
      start: last, count: parts[parts.count - 1].iov_len)
    if let number = unsafe pthread_getspecific(backing) {
      unsafe pass(body, UInt32(truncatingIfNeeded: Int(bitPattern: number)))
    } else if passthrough.isInitializing, let header = unsafe parts[0].iov_base {
      let number = unsafe header.loadUnaligned(fromByteOffset: numberOffset, as: UInt64.self)
      unsafe passthrough.complete(body, number: number)
    }
  }

  /// An answer to OPEN or CREATE ends with a `fuse_open_out`: a handle of 64 bits, flags, and what
  /// was padding once and is the number of the file now.
  private static func pass(_ body: UnsafeMutableRawBufferPointer, _ number: UInt32) {
    guard body.count >= 16 else { return }
    let flags = body.count - 8
    let known = unsafe body.loadUnaligned(fromByteOffset: flags, as: UInt32.self)
    unsafe body.storeBytes(of: known | passesThrough, toByteOffset: flags, as: UInt32.self)
    unsafe body.storeBytes(of: number, toByteOffset: flags + 4, as: UInt32.self)
  }

  /// `FOPEN_PASSTHROUGH`
  private static let passesThrough: UInt32 = 1 << 7
}

private func passthrough(_ userdata: UnsafeMutableRawPointer?) -> Passthrough? {
  guard let userdata = unsafe userdata else { return nil }
  return unsafe Unmanaged<RequestContext>.fromOpaque(userdata).takeUnretainedValue().passthrough
}

/// Returns -1 with the errno of read(2), which libfuse looks at: nothing may come between.
private func readRequest(
  _ descriptor: CInt, _ buffer: UnsafeMutableRawPointer?, _ capacity: Int,
  _ userdata: UnsafeMutableRawPointer?
) -> Int {
  let count = unsafe read(descriptor, buffer, capacity)
  guard count > 0, let buffer = unsafe buffer, let passthrough = unsafe passthrough(userdata)
  else { return count }
  unsafe SessionIO.translate(
    UnsafeMutableRawBufferPointer(start: buffer, count: count), passthrough)
  return count
}

private func writeAnswer(
  _ descriptor: CInt, _ parts: UnsafeMutablePointer<iovec>?, _ count: CInt,
  _ userdata: UnsafeMutableRawPointer?
) -> Int {
  if let passthrough = unsafe passthrough(userdata) {
    unsafe SessionIO.complete(
      UnsafeMutableBufferPointer(start: parts, count: Int(count)), passthrough)
  }
  return unsafe writev(descriptor, parts, count)
}
