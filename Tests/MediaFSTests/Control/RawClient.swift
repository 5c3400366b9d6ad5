import Glibc
import SystemPackage

/// A client that says what it likes on the control socket.
final class RawClient {
  private let socket: Int32

  init(path: String) throws(Errno) {
    socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let descriptor = socket
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe connect(descriptor, address, length)
      }
    }
    guard result == 0 else { throw Errno(rawValue: errno) }
  }

  deinit { close(socket) }

  func send(_ text: String) throws(Errno) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { bytes in
        unsafe Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      }
      guard count >= 0 else { throw Errno(rawValue: errno) }
      rest = rest.dropFirst(count)
    }
  }

  func readToEnd() throws(Errno) -> String {
    var bytes: [UInt8] = []
    while true {
      var chunk = [UInt8](repeating: 0, count: 4_096)
      let count = unsafe read(socket, &chunk, chunk.count)
      // The daemon closes without having read all, which is a reset to us.
      guard count >= 0 || errno == ECONNRESET else { throw Errno(rawValue: errno) }
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
  }
}
