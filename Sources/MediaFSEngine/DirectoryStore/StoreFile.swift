import Glibc
import ObjectStorage
import PosixIO
import SystemPackage

/// An open file or directory of the embedded store; closed when the last reference goes.
final class StoreFile: Descriptor, Sendable {
  private let owned: OwnedDescriptor

  init(_ owned: consuming OwnedDescriptor) {
    self.owned = owned
  }

  var number: CInt { owned.number }
}

/// A path relative to an open directory: its components, as bytes without "/" and NUL.
///
/// A file name need not be UTF-8, and `String` would repair it into another name.
typealias StorePath = [[UInt8]]

extension FileStatus {
  var modificationTime: Timestamp { Timestamp(nanosecondsSinceEpoch: modified) }
}

// MARK: - The tree

extension StoreFile {
  /// openat(2), never through a symbolic link at the end.
  func open(_ path: StorePath, _ flags: CInt) throws(Errno) -> StoreFile {
    StoreFile(OwnedDescriptor(adopting: try openDescriptor(path, flags)))
  }

  /// As ``open(_:_:)``; the caller closes the descriptor.
  func openDescriptor(_ path: StorePath, _ flags: CInt) throws(Errno) -> CInt {
    let flags = flags | O_CLOEXEC | O_NOFOLLOW
    return try unsafe call(path) { unsafe openat($0, $1, flags, 0o666) }
  }

  /// mkdirat(2); false when something is there already.
  func makeDirectory(_ path: StorePath) throws(Errno) -> Bool {
    do throws(Errno) {
      try unsafe call(path) { unsafe mkdirat($0, $1, 0o777) }
      return true
    } catch {
      guard error == .fileExists else { throw error }
      return false
    }
  }

  /// unlinkat(2); what is not there is no error.
  func remove(_ path: StorePath) throws(Errno) {
    do throws(Errno) {
      try unsafe call(path) { unsafe unlinkat($0, $1, 0) }
    } catch {
      guard error.isMissingFile else { throw error }
    }
  }

  /// False when the directory is missing or not empty.
  func removeDirectory(_ path: StorePath) throws(Errno) -> Bool {
    do throws(Errno) {
      try unsafe call(path) { unsafe unlinkat($0, $1, AT_REMOVEDIR) }
      return true
    } catch {
      // POSIX allows EEXIST in place of ENOTEMPTY.
      guard error.isMissingFile || error == .directoryNotEmpty || error == .fileExists else {
        throw error
      }
      return false
    }
  }

  /// renameat(2): replaces a file of the new name.
  func rename(_ path: StorePath, to newPath: StorePath) throws(Errno) {
    try unsafe call(path) { directory, from in
      unsafe Self.withCString(newPath) { unsafe renameat(directory, from, directory, $0) }
    }
  }

  /// `nil` when nothing is there. Of a symbolic link itself.
  func status(_ path: StorePath) throws(Errno) -> FileStatus? {
    var status = stat()
    do throws(Errno) {
      try unsafe call(path) { unsafe fstatat($0, $1, &status, AT_SYMLINK_NOFOLLOW) }
      return FileStatus(status)
    } catch {
      guard error.isMissingFile else { throw error }
      return nil
    }
  }

  /// Names made, removed and renamed in a directory survive a power cut.
  func synchronizeDirectory(_ path: some Sequence<[UInt8]>) throws(Errno) {
    try open(Array(path), O_RDONLY | O_DIRECTORY).synchronize()
  }

  /// Waits for the lock that flock(2) gives to one open file; it ends with the file.
  func lock() throws(Errno) {
    defer { extendLifetime(self) }
    try retrying { flock(number, LOCK_EX) }
  }

  @discardableResult
  private func call(
    _ path: StorePath, _ body: (CInt, UnsafePointer<CChar>) -> CInt
  ) throws(Errno) -> CInt {
    defer { extendLifetime(self) }
    return try retrying { unsafe Self.withCString(path) { unsafe body(number, $0) } }
  }

  /// An empty path is the directory itself.
  private static func withCString(
    _ path: StorePath, _ body: (UnsafePointer<CChar>) -> CInt
  ) -> CInt {
    let joined = path.isEmpty ? [UInt8(ascii: ".")] : Array(path.joined(separator: [0x2F]))
    return unsafe (joined + [0]).map { CChar(bitPattern: $0) }.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return -1 }
      return unsafe body(base)
    }
  }
}

extension Errno {
  /// Nothing has this name: no entry, or a file where a directory would have to be.
  var isMissingFile: Bool { self == .noSuchFileOrDirectory || self == .notDirectory }
}

/// Repeats a system call until no signal interrupts it; -1 becomes the `Errno` it left behind.
@discardableResult
private func retrying(_ call: () -> CInt) throws(Errno) -> CInt {
  while true {
    let result = call()
    if result != -1 { return result }
    let error = Errno(rawValue: errno)
    if error != .interrupted { throw error }
  }
}
