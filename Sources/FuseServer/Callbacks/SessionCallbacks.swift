import CFuse3
import MediaFSEngine

// What libfuse calls, as free functions: a closure would inherit the isolation of where it is
// written, and trap on a thread of libfuse. Each one decodes, calls and answers; what a pointer
// points to is read before the request may leave the thread.

/// In bytes; the most that the kernel sends in one WRITE.
private let maximumWrite: UInt32 = 1 << 20

/// Reads of the page cache that the kernel has under way at once, all files together. One that
/// waits for the store counts, and one over the limit waits even when its bytes are here, so this
/// is far above the reads that may sensibly wait.
private let maximumBackground: UInt32 = 1024

/// - `POSIX_ACL`: the kernel applies access control lists, and leaves keeping them to us.
/// - `DONT_MASK`: the umask is ours to apply, since a default list takes its place.
private let wanted: [CInt] = [
  FUSE_CAP_ASYNC_READ,
  FUSE_CAP_PARALLEL_DIROPS,
  FUSE_CAP_READDIRPLUS,
  FUSE_CAP_READDIRPLUS_AUTO,
  FUSE_CAP_ATOMIC_O_TRUNC,
  FUSE_CAP_EXPORT_SUPPORT,
  FUSE_CAP_AUTO_INVAL_DATA,
  FUSE_CAP_POSIX_ACL,
  FUSE_CAP_DONT_MASK,
]

/// - `HANDLE_KILLPRIV`: the kernel shall clear setuid and setgid on a write, by a SETATTR.
/// - `ASYNC_DIO`: a process in a direct read could not even be killed before the answer.
/// - `WRITEBACK_CACHE`: a write must reach the disk before the application goes on.
/// - `SPLICE_*`: slower here than a read and a copy.
/// - `IOCTL_DIR`: there is no ioctl.
private let unwanted: [CInt] = [
  FUSE_CAP_HANDLE_KILLPRIV,
  FUSE_CAP_ASYNC_DIO,
  FUSE_CAP_WRITEBACK_CACHE,
  FUSE_CAP_SPLICE_READ,
  FUSE_CAP_SPLICE_WRITE,
  FUSE_CAP_SPLICE_MOVE,
  FUSE_CAP_IOCTL_DIR,
]

func onInit(
  _ userdata: UnsafeMutableRawPointer?, _ connection: UnsafeMutablePointer<fuse_conn_info>?
) {
  guard let connection = unsafe connection else { return }
  let capable = unsafe connection.pointee.capable
  for flag in wanted { unsafe connection.pointee.want |= capable & UInt32(bitPattern: flag) }
  for flag in unwanted { unsafe connection.pointee.want &= ~UInt32(bitPattern: flag) }
  unsafe connection.pointee.max_write = maximumWrite
  unsafe connection.pointee.max_readahead = Readahead.length
  unsafe connection.pointee.max_background = maximumBackground
  unsafe connection.pointee.congestion_threshold = maximumBackground * 3 / 4
  unsafe connection.pointee.time_gran = 1
}

func onStatfs(_ request: fuse_req_t?, _ inode: fuse_ino_t) {
  unsafe FuseRequest(request, "statfs").serveNow { files throws(FileSystemError) in
    .statistics(try files.statistics())
  }
}
