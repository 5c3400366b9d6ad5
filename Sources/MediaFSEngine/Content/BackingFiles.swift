package import SystemPackage

/// Names a file of the disk for the kernel, which reads it itself then.
package struct BackingNumber: Hashable, Sendable {
  package let value: Int32

  package init(_ value: Int32) {
    self.value = value
  }
}

/// The kernel's way around the daemon: an open file whose bytes it takes from a file of the disk.
package protocol BackingFiles: Sendable {
  /// Why there is no such way; `nil` while there is.
  var obstacle: String? { get }

  /// - Parameter descriptor: of a regular file; the kernel keeps a reference of its own.
  func register(_ descriptor: CInt) throws(Errno) -> BackingNumber

  func unregister(_ number: BackingNumber)
}

/// How the kernel gets at the bytes of an open file.
package enum FileAccess: Hashable, Sendable {
  /// It asks the daemon, and caches what it hears.
  case cached
  /// It reads the content file.
  case passedThrough(BackingNumber)
  /// It asks the daemon for everything, since it caches nothing of an inode that others have open
  /// in the way before.
  case direct(BackingNumber)

  package var backing: BackingNumber? {
    switch self {
    case .cached: nil
    case .passedThrough(let number), .direct(let number): number
    }
  }
}
