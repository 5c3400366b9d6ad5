import Glibc
package import SystemPackage

/// Something that keeps a file descriptor open while it lives; all file operations hang on it.
package protocol Descriptor: ~Copyable {
  /// Valid while `self` lives, and closed by nobody else.
  var number: CInt { get }
}

/// A descriptor with one owner; closed at the end of its scope.
package struct OwnedDescriptor: Descriptor, ~Copyable, Sendable {
  package let number: CInt

  /// Takes over a descriptor that somebody else opened.
  package init(adopting number: CInt) {
    self.number = number
  }

  /// - Parameter permissions: of a file that is made, before the umask.
  package init(
    opening path: FilePath, _ access: FileDescriptor.AccessMode,
    options: FileDescriptor.OpenOptions = [], permissions: FilePermissions = .ownerReadWrite
  ) throws(Errno) {
    let flags = access.rawValue | options.rawValue | O_CLOEXEC
    number = try retrying {
      unsafe path.withPlatformString { unsafe open($0, flags, permissions.rawValue) }
    }
  }

  /// Opens `name` relative to an open directory.
  package init(
    opening name: String, in directory: borrowing some Descriptor & ~Copyable,
    _ access: FileDescriptor.AccessMode, options: FileDescriptor.OpenOptions = [],
    permissions: FilePermissions = .ownerReadWrite
  ) throws(Errno) {
    let flags = access.rawValue | options.rawValue | O_CLOEXEC
    number = try directory.withNumber { directory throws(Errno) in
      try retrying {
        unsafe name.withCString { unsafe openat(directory, $0, flags, permissions.rawValue) }
      }
    }
  }

  deinit {
    // Not repeated after EINTR: Linux has released the number by then.
    close(number)
  }

  /// Gives the descriptor away; the caller closes it.
  package consuming func release() -> CInt {
    let number = number
    discard self
    return number
  }
}

/// A descriptor with many owners; closed when the last one lets go.
package final class SharedDescriptor: Descriptor, Sendable {
  private let owned: OwnedDescriptor

  package init(_ owned: consuming OwnedDescriptor) {
    self.owned = owned
  }

  package convenience init(
    opening path: FilePath, _ access: FileDescriptor.AccessMode,
    options: FileDescriptor.OpenOptions = [], permissions: FilePermissions = .ownerReadWrite
  ) throws(Errno) {
    self.init(
      try OwnedDescriptor(opening: path, access, options: options, permissions: permissions))
  }

  package var number: CInt { owned.number }
}

extension Descriptor where Self: ~Copyable {
  /// Runs `body` with the number and keeps the descriptor open until it returns; without this the
  /// optimiser may close a descriptor after the last use of its owner, in the middle of a call.
  func withNumber<Result>(
    _ body: (CInt) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    defer { extendLifetime(self) }
    return try body(number)
  }
}
