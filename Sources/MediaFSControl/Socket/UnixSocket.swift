import Glibc
import SystemPackage

/// Stream sockets with a name in the filesystem, unix(7).
enum UnixSocket {
  /// Makes a socket that listens at `path`, which only its owner may connect to.
  ///
  /// Replaces a socket that a dead daemon left; the lock of the state directory says it is dead.
  static func listen(at path: String) throws(Errno) -> FileDescriptor {
    let socket = try make()
    do {
      remove(path)
      // bind(2) makes the file with the umask's mode; without this others could connect for an
      // instant before chmod, were the directory ever opened up.
      let old = umask(0o177)
      defer { umask(old) }
      try unsafe withAddress(of: path) { address, length throws(Errno) in
        try check(unsafe bind(socket.rawValue, address, length))
      }
      try check(Glibc.listen(socket.rawValue, 16))
      return socket
    } catch {
      try? socket.close()
      throw error
    }
  }

  static func connect(to path: String) throws(Errno) -> FileDescriptor {
    let socket = try make()
    do {
      try unsafe withAddress(of: path) { address, length throws(Errno) in
        try check(unsafe Glibc.connect(socket.rawValue, address, length))
      }
      return socket
    } catch {
      try? socket.close()
      throw error
    }
  }

  /// The next connection; `nil` when there is none after all.
  static func accept(_ listener: FileDescriptor) -> FileDescriptor? {
    let descriptor = Glibc.accept(listener.rawValue, nil, nil)
    guard descriptor >= 0 else { return nil }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return FileDescriptor(rawValue: descriptor)
  }

  /// Ends a blocked ``accept(_:)``.
  static func stopListening(_ listener: FileDescriptor) {
    _ = shutdown(listener.rawValue, Int32(SHUT_RDWR))
  }

  /// Removes the name; a failure leaves a name that the next daemon replaces.
  static func remove(_ path: String) {
    _ = unsafe unlink(path)
  }

  private static func make() throws(Errno) -> FileDescriptor {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    try check(descriptor)
    return FileDescriptor(rawValue: descriptor)
  }

  private static func check(_ result: Int32) throws(Errno) {
    guard result >= 0 else { throw Errno(rawValue: errno) }
  }

  /// Throws `ENAMETOOLONG` for paths of more than 107 bytes, as sun_path has no room for them.
  private static func withAddress(
    of path: String,
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws(Errno) -> Void
  ) throws(Errno) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard bytes.count < capacity else { throw .fileNameTooLong }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { rebound in
        Result { () throws(Errno) in try unsafe body(rebound, length) }
      }
    }
    try result.get()
  }
}
