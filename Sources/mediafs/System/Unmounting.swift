import Glibc
import SystemPackage

/// Takes a mount out of the tree, as umount(8) does: not while it is in use.
enum Unmounting {
  static func unmount(_ mountpoint: String) throws(Failure) {
    let result = unsafe umount2(mountpoint, Int32(UMOUNT_NOFOLLOW))
    guard result != 0 else { return }
    switch Errno(rawValue: errno) {
    case .notPermitted: try askHelper(mountpoint)
    case .resourceBusy: throw busy(mountpoint)
    case let error: throw Failure(.failure, "\(mountpoint) cannot be unmounted: \(error)")
    }
  }

  private static func busy(_ mountpoint: String) -> Failure {
    Failure(.mountpointBusy, "\(mountpoint) is in use; fuser -vm \(mountpoint) shows by whom")
  }

  /// fusermount3 has the right that an ordinary user lacks.
  private static func askHelper(_ mountpoint: String) throws(Failure) {
    var process = pid_t()
    var status: Int32 = 0
    let result = unsafe withCStrings(["fusermount3", "-u", mountpoint]) { words in
      unsafe posix_spawnp(&process, "fusermount3", nil, nil, words, environ)
    }
    guard result == 0, unsafe waitpid(process, &status, 0) == process else {
      throw Failure(.notPermitted, "\(mountpoint) cannot be unmounted without fusermount3")
    }
    // It has said why on our standard error.
    guard status == 0 else { throw busy(mountpoint) }
  }
}
