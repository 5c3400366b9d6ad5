import Glibc
import SystemPackage
import Synchronization

/// A connected socket that carries lines. Every call blocks, so use it on a thread that may.
///
/// One thread reads and one writes at a time; ``shutDown()`` may come from any.
final class LineChannel: Sendable {
  /// Longest line taken, in bytes. A status with all its parked items is a few hundred KiB at most;
  /// without a limit a client could have the daemon collect a line until memory ends.
  static let maximumLength = 1 << 20

  enum Failure: Error, Sendable {
    case closed
    case timedOut
    case lineTooLong
    case system(Errno)
  }

  private let socket: FileDescriptor
  /// What came behind the last line.
  private let pending = Mutex<[UInt8]>([])

  /// Takes the descriptor over.
  ///
  /// - Parameter patience: how long the peer may leave us waiting while we send, in seconds.
  init(owning socket: FileDescriptor, patience: Int = 10) {
    self.socket = socket
    var limit = timeval(tv_sec: patience, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    // A failure leaves us with a slower defence against a client that does not read.
    _ = unsafe setsockopt(socket.rawValue, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
  }

  deinit {
    try? socket.close()
  }

  /// The next line without its newline, or `nil` when the peer has closed.
  ///
  /// - Parameter patience: how long to wait for each piece of it; `nil` for ever.
  func readLine(patience: Duration?) throws(Failure) -> [UInt8]? {
    var buffer = pending.withLock { $0 }
    var searched = 0
    while true {
      if let newline = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        pending.withLock { $0 = Array(buffer[(newline + 1)...]) }
        return Array(buffer[..<newline])
      }
      searched = buffer.count
      guard buffer.count <= Self.maximumLength else { throw .lineTooLong }
      guard try wait(for: POLLIN, patience: patience) else { throw .timedOut }
      let chunk = try receive()
      if chunk.isEmpty { return nil }
      buffer += chunk
    }
  }

  func write(_ line: [UInt8]) throws(Failure) {
    var rest = line[...]
    while !rest.isEmpty {
      // MSG_NOSIGNAL: a client that is gone must not end the daemon with SIGPIPE.
      let count = unsafe rest.withUnsafeBytes { bytes in
        unsafe send(socket.rawValue, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 {
        switch errno {
        case EINTR: continue
        case EAGAIN: throw .timedOut
        case EPIPE, ECONNRESET: throw .closed
        default: throw .system(Errno(rawValue: errno))
        }
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Waits until the peer has closed both directions, or `other` can be read.
  func waitForHangUp(orReadable other: FileDescriptor, timeout: Duration) -> HangUpWait {
    var polled = [
      pollfd(fd: socket.rawValue, events: 0, revents: 0),
      pollfd(fd: other.rawValue, events: Int16(POLLIN), revents: 0),
    ]
    guard unsafe poll(&polled, 2, timeout.pollMilliseconds) > 0 else { return .timedOut }
    if polled[1].revents != 0 { return .readable }
    return polled[0].revents != 0 ? .hungUp : .timedOut
  }

  enum HangUpWait: Sendable {
    case hungUp
    case readable
    case timedOut
  }

  /// Ends all reading and writing here and at the peer.
  func shutDown() {
    _ = shutdown(socket.rawValue, Int32(SHUT_RDWR))
  }

  private func wait(for events: Int32, patience: Duration?) throws(Failure) -> Bool {
    var polled = pollfd(fd: socket.rawValue, events: Int16(events), revents: 0)
    while true {
      let count = unsafe poll(&polled, 1, patience?.pollMilliseconds ?? -1)
      if count >= 0 { return count > 0 }
      guard errno == EINTR else { throw .system(Errno(rawValue: errno)) }
    }
  }

  private func receive() throws(Failure) -> [UInt8] {
    do {
      return try unsafe [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
        count = try unsafe socket.read(into: UnsafeMutableRawBufferPointer(buffer))
      }
    } catch Errno.connectionReset {
      return []
    } catch {
      throw .system((error as? Errno) ?? .ioError)
    }
  }
}

extension Duration {
  /// For poll(2): rounded up, so that a short wait is not a busy one.
  fileprivate var pollMilliseconds: Int32 {
    let (seconds, attoseconds) = components
    let milliseconds =
      min(seconds, 1_000_000) * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(clamping: max(0, milliseconds))
  }
}
