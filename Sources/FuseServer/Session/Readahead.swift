import Glibc
import Logging
import PosixIO
import SystemPackage

/// How far the kernel reads ahead of who reads a file in order. The engine reads ahead from the
/// store by itself; this makes the requests large in which the bytes get to the kernel.
///
/// The answer to INIT can only lower what the kernel has set for the filesystem, 128 KiB
/// (`process_init_reply` in fs/fuse/inode.c): to raise it takes a write to sysfs before.
enum Readahead {
  /// In bytes for each open file, and what one READ may ask for.
  static let length: UInt32 = 1 << 20

  /// To be called between mounting and the first request. Only root may, and not in every
  /// container: without, all goes on, in smaller requests.
  static func raise(at mountpoint: FilePath, _ log: Logger) {
    do throws(Errno) {
      let mounts = try MountTable.current().entries
      let own = mounts.last { $0.mountpoint.utf8.elementsEqual(mountpoint.string.utf8) }
      guard let device = own?.device else { return }
      let setting = "/sys/class/bdi/\(device)/read_ahead_kb"
      let file = try OwnedDescriptor(opening: FilePath(setting), .writeOnly)
      try file.write(Array("\(length >> 10)\n".utf8), at: 0)
    } catch {
      log.debug("The kernel reads ahead as far as it has set by itself: \(error)")
    }
  }
}
