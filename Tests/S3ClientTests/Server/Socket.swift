import Glibc
import Synchronization

/// A TCP socket of the loopback interface, closed once.
final class Socket: Sendable {
  struct Failure: Error {
    let call: String
    let code: CInt
  }

  private let descriptor: Mutex<CInt?>
  private let number: CInt

  init(_ number: CInt) {
    self.number = number
    descriptor = Mutex(number)
  }

  deinit { close() }

  /// Bound to a free port; without `isListening` connections to it are refused.
  convenience init(isListening: Bool) throws {
    let number = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    guard number >= 0 else { throw Failure(call: "socket", code: errno) }
    self.init(number)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(number, $0, size)
      }
    }
    guard bound == 0 else { throw Failure(call: "bind", code: errno) }
    guard !isListening || listen(number, 64) == 0 else {
      throw Failure(call: "listen", code: errno)
    }
  }

  var port: Int {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(number, $0, &size)
      }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  /// `nil` when the listening socket has been shut down.
  func accept() -> Socket? {
    let number = Glibc.accept(self.number, nil, nil)
    guard number >= 0 else { return nil }
    var small: CInt = 64 << 10
    unsafe setsockopt(number, SOL_SOCKET, SO_SNDBUF, &small, socklen_t(MemoryLayout<CInt>.size))
    return Socket(number)
  }

  /// Empty at the end, and when the connection has been reset.
  func receive(upTo count: Int) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: count)
    let received = unsafe recv(number, &block, count, 0)
    return Array(block.prefix(max(0, received)))
  }

  /// False when the peer is gone.
  func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(number, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      guard sent > 0 else { return false }
      rest = rest.dropFirst(sent)
    }
    return true
  }

  /// True when the peer has taken nothing for so long that nothing more can be sent.
  func isBlocked(for milliseconds: CInt) -> Bool {
    var status = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&status, 1, milliseconds) == 0
  }

  /// Wakes every thread that waits for the socket; the number stays taken.
  func shutDown() { _ = shutdown(number, CInt(SHUT_RDWR)) }

  func close() {
    let open = descriptor.withLock { descriptor in
      defer { descriptor = nil }
      return descriptor
    }
    if let open { _ = Glibc.close(open) }
  }
}
