import CLinux
import Glibc
package import SystemPackage

/// System calls on names.
package enum FileTree {
  package static func status(of path: FilePath) throws(Errno) -> FileStatus {
    var value = stat()
    try retrying { unsafe path.withPlatformString { unsafe stat($0, &value) } }
    return FileStatus(value)
  }

  /// Of a symbolic link itself, not of what it points to.
  package static func linkStatus(of path: FilePath) throws(Errno) -> FileStatus {
    var value = stat()
    try retrying { unsafe path.withPlatformString { unsafe lstat($0, &value) } }
    return FileStatus(value)
  }

  /// False only when the name is known to be missing; throws when that cannot be told.
  package static func exists(_ path: FilePath) throws(Errno) -> Bool {
    do throws(Errno) {
      _ = try linkStatus(of: path)
      return true
    } catch {
      guard error == .noSuchFileOrDirectory else { throw error }
      return false
    }
  }

  package static func setPermissions(
    of path: FilePath, _ permissions: FilePermissions
  ) throws(Errno) {
    try retrying {
      unsafe path.withPlatformString { unsafe chmod($0, permissions.rawValue) }
    }
  }

  package static func makeDirectory(
    _ path: FilePath, permissions: FilePermissions
  ) throws(Errno) {
    try retrying {
      unsafe path.withPlatformString { unsafe mkdir($0, permissions.rawValue) }
    }
  }

  /// Makes the directory and what is missing above it; fine when it is there already.
  package static func makeDirectories(
    _ path: FilePath, permissions: FilePermissions
  ) throws(Errno) {
    do throws(Errno) {
      try makeDirectory(path, permissions: permissions)
    } catch {
      switch error {
      case .noSuchFileOrDirectory:
        let parent = path.removingLastComponent()
        guard !parent.isEmpty, parent != path else { throw error }
        try makeDirectories(parent, permissions: permissions)
        // Once: where nobody can make directories, as in /proc, it is missing for ever.
        do throws(Errno) {
          try makeDirectory(path, permissions: permissions)
        } catch .fileExists {
          try requireDirectory(path)
        }
      case .fileExists: try requireDirectory(path)
      default: throw error
      }
    }
  }

  private static func requireDirectory(_ path: FilePath) throws(Errno) {
    guard try status(of: path).isDirectory else { throw .notDirectory }
  }

  package static func unlink(_ path: FilePath) throws(Errno) {
    try retrying { unsafe path.withPlatformString { unsafe Glibc.unlink($0) } }
  }

  package static func removeDirectory(_ path: FilePath) throws(Errno) {
    try retrying { unsafe path.withPlatformString { unsafe rmdir($0) } }
  }

  /// Atomic, and takes the place of what was there. Not durable: see ``renameDurably(_:to:)``.
  package static func rename(_ path: FilePath, to newPath: FilePath) throws(Errno) {
    try retrying {
      unsafe path.withPlatformString { old in
        unsafe newPath.withPlatformString { new in unsafe Glibc.rename(old, new) }
      }
    }
  }

  /// After a power cut either name is there with all of its bytes, and once this returned the new.
  package static func renameDurably(_ path: FilePath, to newPath: FilePath) throws(Errno) {
    try OwnedDescriptor(opening: path, .readOnly).synchronize()
    try rename(path, to: newPath)
    let (old, new) = (path.directory, newPath.directory)
    try synchronizeDirectory(new)
    if old != new { try synchronizeDirectory(old) }
  }

  /// Names made, removed and renamed in the directory survive a power cut.
  package static func synchronizeDirectory(_ path: FilePath) throws(Errno) {
    try OwnedDescriptor(opening: path, .readOnly, options: .directory).synchronize()
  }

  /// Everything on the disk that holds `path` survives a power cut. syncfs(2)
  package static func synchronizeFilesystem(_ path: FilePath) throws(Errno) {
    try OwnedDescriptor(opening: path, .readOnly, options: .directory)
      .withNumber { number throws(Errno) in _ = try retrying { syncfs(number) } }
  }

  /// Tells one time that the disk that holds `path` was mounted from any other: what somebody wrote
  /// at another time and did not synchronize may be lost.
  package static func mountIdentity(of path: FilePath) throws(Errno) -> String {
    let mount = try OwnedDescriptor(opening: path, .readOnly, options: .directory)
      .withNumber { number throws(Errno) in linux_mount_number(number) }
    let bootFile = try OwnedDescriptor(opening: "/proc/sys/kernel/random/boot_id", .readOnly)
    let boot = try bootFile.read(count: 36, at: 0)
    return String(decoding: boot, as: UTF8.self) + " " + String(mount)
  }

  /// Space on the disk that holds `path`, in bytes; `free` is what an ordinary user may take.
  package static func space(at path: FilePath) throws(Errno) -> (total: Int64, free: Int64) {
    var value = statvfs()
    try retrying { unsafe path.withPlatformString { unsafe statvfs($0, &value) } }
    let unit = Int64(clamping: value.f_frsize)
    return (
      Int64(clamping: value.f_blocks).multipliedSaturating(by: unit),
      Int64(clamping: value.f_bavail).multipliedSaturating(by: unit)
    )
  }
}

extension FilePath {
  /// The directory that holds the last component; "." for a bare name.
  fileprivate var directory: FilePath {
    let parent = removingLastComponent()
    return parent.isEmpty ? "." : parent
  }
}

extension Int64 {
  fileprivate func multipliedSaturating(by factor: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }
}
