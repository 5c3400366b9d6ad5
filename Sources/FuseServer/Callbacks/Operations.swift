import CFuse3

extension fuse_lowlevel_ops {
  /// The operations that are served. What is missing libfuse answers with `ENOSYS`, and the kernel
  /// then does what is right by itself and does not ask again:
  ///
  /// - `access`: with `default_permissions` the kernel checks, without it everything is allowed;
  /// - `flock`, `getlk`, `setlk`: locks hold between the processes of this machine.
  static var served: fuse_lowlevel_ops {
    var operations = fuse_lowlevel_ops()
    unsafe operations.`init` = onInit
    unsafe operations.lookup = onLookup
    unsafe operations.forget = onForget
    unsafe operations.forget_multi = onForgetMulti
    unsafe operations.getattr = onGetattr
    unsafe operations.setattr = onSetattr
    unsafe operations.readlink = onReadlink
    unsafe operations.mknod = onMknod
    unsafe operations.mkdir = onMkdir
    unsafe operations.symlink = onSymlink
    unsafe operations.link = onLink
    unsafe operations.unlink = onUnlink
    unsafe operations.rmdir = onRmdir
    unsafe operations.rename = onRename
    unsafe operations.open = onOpen
    unsafe operations.create = onCreate
    unsafe operations.read = onRead
    unsafe operations.write = onWrite
    unsafe operations.flush = onFlush
    unsafe operations.fsync = onFsync
    unsafe operations.release = onRelease
    unsafe operations.fallocate = onFallocate
    unsafe operations.lseek = onLseek
    unsafe operations.copy_file_range = onCopyFileRange
    unsafe operations.opendir = onOpendir
    unsafe operations.readdir = onReaddir
    unsafe operations.readdirplus = onReaddirplus
    unsafe operations.fsyncdir = onFsyncdir
    unsafe operations.releasedir = onReleasedir
    unsafe operations.statfs = onStatfs
    unsafe operations.getxattr = onGetxattr
    unsafe operations.setxattr = onSetxattr
    unsafe operations.listxattr = onListxattr
    unsafe operations.removexattr = onRemovexattr
    return operations
  }
}
