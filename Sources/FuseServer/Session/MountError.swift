package import SystemPackage

/// Why there is no mount; the description is one line for the operator.
package enum MountError: Error, Sendable, CustomStringConvertible {
  /// The kernel has no FUSE, or it is not given to this container.
  case deviceMissing
  case notPermitted(String)
  case mountpointMissing(FilePath)
  case mountpointNotDirectory(FilePath)
  /// A filesystem of this kind is mounted there already.
  case mountpointBusy(FilePath)
  /// What was mounted there has lost its daemon.
  case mountpointDead(FilePath)
  case mountpointUnusable(FilePath, Errno)
  /// libfuse refused for a reason of its own, in its words.
  case refused(String)

  package var description: String {
    switch self {
    case .deviceMissing:
      "there is no /dev/fuse: load the kernel module (modprobe fuse), or give the container the "
        + "device"
    case .notPermitted(let what): "not permitted: \(what)"
    case .mountpointMissing(let path): "mountpoint \(path) does not exist"
    case .mountpointNotDirectory(let path): "mountpoint \(path) is not a directory"
    case .mountpointBusy(let path): "mountpoint \(path) is busy: it is already mounted"
    case .mountpointDead(let path):
      "mountpoint \(path) is a mount without its daemon: unmount it first (umount \(path))"
    case .mountpointUnusable(let path, let error): "mountpoint \(path) cannot be used: \(error)"
    case .refused(let message): "the mount failed: \(message)"
    }
  }
}
