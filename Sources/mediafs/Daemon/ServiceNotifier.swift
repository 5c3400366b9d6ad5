import Glibc

/// Tells the service manager how we are, sd_notify(3), without libsystemd.
struct ServiceNotifier: Sendable {
  /// `nil` when nobody asked to be told.
  private let address: String?

  init(_ environment: [String: String]) {
    // A path, or "@" and the name of an abstract socket; anything else is not ours to interpret.
    address = environment["NOTIFY_SOCKET"].flatMap {
      $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil
    }
  }

  func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }

  func stopping(_ status: String) { send("STOPPING=1\nSTATUS=\(status)") }

  /// Errors are ignored: the manager times out, which is the best that can be told then.
  private func send(_ message: String) {
    guard let name = address else { return }
    let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    if name.hasPrefix("@") { bytes[0] = 0 }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    // The length tells where an abstract name ends; trailing zeros would be part of it.
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let text = Array(message.utf8)
    unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        _ = unsafe sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), address, length)
      }
    }
  }
}
