import Glibc
import PosixIO
import SystemPackage

/// The private directory of one mount, locked while this lives.
///
/// Two daemons on one catalog would each take the other's files for garbage, so the second is
/// refused. The lock belongs to the open file: it ends with the process, however that ends.
final class StateDirectory: Sendable {
  /// The engine's files; see ``hasCatalog``.
  private static let catalogNames: [FilePath.Component] = ["catalog.sqlite", "catalog.damaged"]
  private static let lockName: FilePath.Component = "lock"
  private static let ownerOnly: FilePermissions = [.ownerReadWriteExecute]

  let path: FilePath
  private let lock: SharedDescriptor

  /// Makes the directory if it is missing, and locks it.
  ///
  /// - Parameter mountpoint: what the next one is told who wants it.
  init(locking path: FilePath, for mountpoint: FilePath) throws(Failure) {
    self.path = path
    let isLocked: Bool
    do throws(Errno) {
      try Self.makePrivate(path)
      lock = try SharedDescriptor(
        opening: path.appending(Self.lockName), .readWrite, options: .create)
      isLocked = try lock.tryLock()
      if isLocked { try Self.note(getpid(), mountpoint, in: lock) }
    } catch {
      throw Failure(.cacheUnusable, "cache directory \(path) cannot be used: \(error)")
    }
    guard isLocked else {
      throw Failure(
        .stateInUse, "state directory \(path) is in use by \(Self.holder(lock))")
    }
  }

  /// An earlier run has been here; also one that had to begin to make its catalog anew.
  var hasCatalog: Bool {
    Self.catalogNames.contains { (try? FileTree.exists(path.appending($0))) == true }
  }

  /// Makes the directory for its owner alone; one that was open to others is closed to them.
  ///
  /// - Throws: `EACCES` also where the directory belongs to somebody else.
  static func makePrivate(_ path: FilePath) throws(Errno) {
    try FileTree.makeDirectories(path, permissions: ownerOnly)
    let status = try FileTree.status(of: path)
    guard status.isDirectory else { throw .notDirectory }
    if status.mode & 0o077 != 0 { try FileTree.setPermissions(of: path, ownerOnly) }
  }

  /// In one write: who reads it meanwhile finds all of it, or what was there before.
  private static func note(
    _ process: pid_t, _ mountpoint: FilePath, in lock: SharedDescriptor
  ) throws(Errno) {
    let text = Array("\(process)\n\(mountpoint)\n".utf8)
    try lock.write(text, at: 0)
    try lock.truncate(to: Int64(text.count))
  }

  /// The process that noted itself in the lock, and where its mount is.
  private static func holder(_ lock: SharedDescriptor) -> String {
    let bytes = (try? lock.read(count: noteLimit, at: 0)) ?? []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1)
      .map { String(decoding: $0, as: UTF8.self) }
    guard let process = lines.first.flatMap({ pid_t($0) }) else { return "another process" }
    // A path may have line feeds in it, but not at its end.
    let place = lines.dropFirst().first.map { $0.hasSuffix("\n") ? String($0.dropLast()) : $0 }
    return "process \(process)" + (place.map { ", mounted on \($0)" } ?? "")
  }

  /// In bytes: the longest path, and a number before it.
  private static let noteLimit = Int(PATH_MAX) + 32
}
