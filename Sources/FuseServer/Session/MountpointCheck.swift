import Glibc
import PosixIO
package import SystemPackage

extension FilePath {
  /// Takes away a mount of `type` whose daemon has died: it answers nothing any more, and what was
  /// acknowledged on it is in the state directory. Returns whether there was one.
  ///
  /// - Parameter type: as in the mount table ("fuse.mediafs"); other mounts are left alone.
  package func clearDeadMount(type: String) throws(Errno) -> Bool {
    guard isAbsolute, try isMounted(type: type) else { return false }
    do throws(Errno) {
      try askDaemon()
      return false
    } catch {
      guard error == .socketNotConnected || error == .connectionAbort else { return false }
    }
    try unmountByForce()
    return true
  }

  /// This path without symbolic links, fit to be mounted on; else the reason why not.
  ///
  /// Absolute, because a daemon changes its directory before it unmounts.
  func checkedMountpoint(subtype: String) throws(MountError) -> FilePath {
    guard let resolved = unsafe withPlatformString({ unsafe realpath($0, nil) }) else {
      throw MountError(Errno(rawValue: errno), mountpoint: self)
    }
    defer { unsafe free(resolved) }
    let path = unsafe FilePath(platformString: resolved)
    do throws(Errno) {
      // First the table: asking a mount means asking its daemon.
      if try path.isMounted(type: "fuse.\(subtype)") {
        // A dead one answers ENOTCONN, which is the better reason.
        try path.askDaemon()
        throw .resourceBusy
      }
      guard try FileTree.status(of: path).isDirectory else { throw .notDirectory }
    } catch {
      throw MountError(error, mountpoint: path)
    }
    return path
  }

  /// statvfs(3), which the kernel passes on every time; attributes of the root may be cached, so
  /// that stat(2) still succeeds when the daemon is gone.
  private func askDaemon() throws(Errno) {
    _ = try FileTree.space(at: self)
  }

  private func isMounted(type: String) throws(Errno) -> Bool {
    try MountTable.current().entries.contains { entry in
      entry.mountpoint.utf8.elementsEqual(string.utf8) && entry.type.utf8.elementsEqual(type.utf8)
    }
  }
}

extension MountError {
  fileprivate init(_ error: Errno, mountpoint: FilePath) {
    switch error {
    case .noSuchFileOrDirectory: self = .mountpointMissing(mountpoint)
    case .notDirectory: self = .mountpointNotDirectory(mountpoint)
    case .resourceBusy: self = .mountpointBusy(mountpoint)
    case .socketNotConnected, .connectionAbort: self = .mountpointDead(mountpoint)
    case .permissionDenied, .notPermitted:
      self = .notPermitted("no access to mountpoint \(mountpoint)")
    default: self = .mountpointUnusable(mountpoint, error)
    }
  }

  /// Throws when the FUSE device cannot be had.
  static func checkDevice() throws(MountError) {
    do throws(Errno) {
      _ = try OwnedDescriptor(opening: "/dev/fuse", .readWrite)
    } catch {
      switch error {
      case .noSuchFileOrDirectory, .noSuchAddressOrDevice, .operationNotSupportedByDevice:
        throw .deviceMissing
      case .permissionDenied, .notPermitted: throw .notPermitted("no access to /dev/fuse")
      default: throw .refused("/dev/fuse: \(error)")
      }
    }
  }
}
