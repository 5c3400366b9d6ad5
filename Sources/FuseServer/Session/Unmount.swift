import CFuse3
import Glibc
import SystemPackage

extension SessionPointer {
  /// False when the mount is gone, or somebody aborted its connection.
  ///
  /// A mount is taken away by its name, which may be another's by then; so this is asked first.
  var isConnected: Bool {
    var descriptor = unsafe pollfd(fd: fuse_session_fd(value), events: 0, revents: 0)
    let count = unsafe poll(&descriptor, 1, 0)
    return count == 0 || CInt(descriptor.revents) & CInt(POLLERR) == 0
  }
}

extension FilePath {
  /// Takes a mount away when nobody uses it; what the kernel still has to write it writes first.
  func unmount() throws(Errno) {
    try unmount(flags: UMOUNT_NOFOLLOW)
  }

  /// Takes a busy mount away and ends its connection, so that reads of the FUSE device end too.
  func unmountByForce() throws(Errno) {
    try unmount(flags: MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW)
  }

  private func unmount(flags: Int) throws(Errno) {
    let result = unsafe withPlatformString { unsafe umount2($0, CInt(flags)) }
    if result != 0 { throw Errno(rawValue: errno) }
  }

  /// As an ordinary user only libfuse's own program can unmount. It cannot end the connection: a
  /// busy mount leaves the namespace and is served until its last file is closed.
  func unmountByHelper() throws(Errno) {
    let words = ["fusermount3", "-u", "-q", "-z", "--", string]
    var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var process = pid_t()
    let error = unsafe posix_spawnp(&process, words[0], nil, nil, &arguments, environ)
    if error != 0 { throw Errno(rawValue: error) }
    var status: CInt = 0
    while unsafe waitpid(process, &status, 0) == -1 {
      guard errno == EINTR else { throw Errno(rawValue: errno) }
    }
    if status != 0 { throw .notPermitted }
  }
}
