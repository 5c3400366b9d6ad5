import Glibc
import PosixIO
import SystemPackage

extension StoreFile {
  /// A name in a directory.
  struct Name: Sendable {
    var bytes: [UInt8]
    var isDirectory: Bool
  }

  /// Calls `body` with each file and directory in a directory, in no order. Other kinds are left
  /// out, symbolic links too: an object is not elsewhere.
  func forEachName(
    in path: StorePath, _ body: (Name) throws(Errno) -> Void
  ) throws(Errno) {
    let descriptor = try openDescriptor(path, O_RDONLY | O_DIRECTORY)
    guard let stream = unsafe fdopendir(descriptor) else {
      let error = Errno(rawValue: errno)
      close(descriptor)
      throw error
    }
    defer { unsafe closedir(stream) }
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        if errno != 0 { throw Errno(rawValue: errno) }
        return
      }
      let bytes = unsafe Self.name(of: entry)
      if bytes == [0x2E] || bytes == [0x2E, 0x2E] { continue }
      switch unsafe Int(entry.pointee.d_type) {
      case 4: try body(Name(bytes: bytes, isDirectory: true))
      case 8: try body(Name(bytes: bytes, isDirectory: false))
      case 0:
        // DT_UNKNOWN: some filesystems do not tell.
        guard let status = try status(path + [bytes]) else { continue }
        guard status.isDirectory || status.isRegularFile else { continue }
        try body(Name(bytes: bytes, isDirectory: status.isDirectory))
      default: continue
      }
    }
  }

  private static func name(of entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
    unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
  }
}
