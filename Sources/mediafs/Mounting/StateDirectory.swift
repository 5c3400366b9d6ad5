import Glibc
import PosixIO
import SystemPackage

/// The private directory of one mount, locked while this lives.
///
/// Two daemons on one catalog would each take the other's files for garbage, so the second is
/// refused. The lock belongs to the open file: it ends with the process, however that ends.
final class StateDirectory: Sendable {
  /// The engine's file; see ``hasCatalog``.
  private static let catalogName: FilePath.Component = "catalog.sqlite"
  private static let lockName: FilePath.Component = "lock"
  private static let ownerOnly: FilePermissions = [.ownerReadWriteExecute]

  let path: FilePath
  private let lock: SharedDescriptor

  /// Makes the directory if it is missing, and locks it.
  init(locking path: FilePath) throws(Failure) {
    self.path = path
    let isLocked: Bool
    do throws(Errno) {
      try Self.makePrivate(path)
      lock = try SharedDescriptor(
        opening: path.appending(Self.lockName), .readWrite, options: .create)
      isLocked = try lock.tryLock()
      if isLocked { try Self.note(getpid(), in: lock) }
    } catch {
      throw Failure(.cacheUnusable, "cache directory \(path) cannot be used: \(error)")
    }
    guard isLocked else {
      let holder = Self.holder(lock).map { "process \($0)" } ?? "another process"
      throw Failure(.stateInUse, "state directory \(path) is in use by \(holder)")
    }
  }

  /// An earlier run has been here.
  var hasCatalog: Bool { (try? FileTree.exists(path.appending(Self.catalogName))) == true }

  /// Makes the directory for its owner alone; one that was open to others is closed to them.
  ///
  /// - Throws: `EACCES` also where the directory belongs to somebody else.
  static func makePrivate(_ path: FilePath) throws(Errno) {
    try FileTree.makeDirectories(path, permissions: ownerOnly)
    let status = try FileTree.status(of: path)
    guard status.isDirectory else { throw .notDirectory }
    if status.mode & 0o077 != 0 { try FileTree.setPermissions(of: path, ownerOnly) }
  }

  private static func note(_ process: pid_t, in lock: SharedDescriptor) throws(Errno) {
    try lock.truncate(to: 0)
    try lock.write(Array("\(process)\n".utf8), at: 0)
  }

  /// The process that noted itself in the lock.
  private static func holder(_ lock: SharedDescriptor) -> Int? {
    guard let bytes = try? lock.read(count: 20, at: 0) else { return nil }
    return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }
}
