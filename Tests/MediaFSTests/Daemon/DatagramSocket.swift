import Glibc
import SystemPackage

/// The end of a service manager, for notifications.
final class DatagramSocket {
  private let socket: Int32

  /// - Parameter name: a path, or "@" and an abstract name.
  init(at name: String) throws(Errno) {
    socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if name.hasPrefix("@") { bytes[0] = 0 }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let descriptor = socket
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe bind(descriptor, address, length)
      }
    }
    guard result == 0 else { throw Errno(rawValue: errno) }
  }

  deinit { close(socket) }

  /// What was sent already; nothing is a failure and no reason to wait.
  func receive() throws(Errno) -> String {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let count = unsafe recv(socket, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    guard count >= 0 else { throw Errno(rawValue: errno) }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
