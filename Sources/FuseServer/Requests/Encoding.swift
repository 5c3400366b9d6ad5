import CFuse3
import Glibc
import MediaFSCore
import MediaFSEngine
import ObjectStorage

/// What `st_blksize` and `f_frsize` tell: the unit that applications shall read and count in.
private let blockSize = 4096

extension fuse_ino_t {
  init(inode: InodeNumber) {
    self = UInt64(bitPattern: inode.value)
  }
}

extension stat {
  init(_ attributes: FileAttributes) {
    self.init()
    st_ino = UInt(bitPattern: Int(attributes.inode.value))
    st_mode = attributes.mode
    st_nlink = UInt(attributes.linkCount)
    st_uid = attributes.owner.user
    st_gid = attributes.owner.group
    st_rdev = UInt(attributes.device)
    st_size = Int(attributes.size)
    st_blksize = blockSize
    st_blocks = Int(attributes.blocks)
    st_atim = timespec(attributes.accessed)
    st_mtim = timespec(attributes.modified)
    st_ctim = timespec(attributes.changed)
  }
}

extension timespec {
  init(_ time: Timestamp) {
    self.init(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
  }
}

extension Timestamp {
  init(_ time: timespec) {
    self.init(seconds: Int64(time.tv_sec), nanoseconds: Int32(clamping: time.tv_nsec))
  }
}

extension fuse_entry_param {
  init(_ entry: Entry) {
    self.init()
    ino = fuse_ino_t(inode: entry.attributes.inode)
    generation = entry.attributes.generation
    attr = stat(entry.attributes)
    attr_timeout = entry.attributeTimeout.inSeconds
    entry_timeout = entry.entryTimeout.inSeconds
  }
}

extension fuse_file_info {
  init(_ reply: OpenReply) {
    self.init()
    fh = reply.handle.value
    switch reply.access {
    case .cached: keep_cache = reply.keepsKernelCache ? 1 : 0
    // The kernel refuses them with any other flag.
    case .passedThrough: break
    case .direct: direct_io = 1
    }
    noflush = reply.needsFlush ? 0 : 1
  }
}

extension fuse_file_info {
  init(_ reply: OpenDirectoryReply) {
    self.init()
    fh = reply.handle.value
    switch reply.caching {
    case .none: break
    case .read: cache_readdir = 1
    case .kept: (cache_readdir, keep_cache) = (1, 1)
    }
  }
}

extension statvfs {
  init(_ statistics: FileSystemStatistics) {
    self.init()
    f_bsize = UInt(blockSize)
    f_frsize = UInt(blockSize)
    f_blocks = UInt(clamping: statistics.totalBytes) / UInt(blockSize)
    f_bfree = UInt(clamping: statistics.freeBytes) / UInt(blockSize)
    f_bavail = f_bfree
    f_files = UInt(clamping: statistics.totalInodes)
    f_ffree = UInt(clamping: statistics.freeInodes)
    f_favail = f_ffree
    f_namemax = UInt(FileName.maximumLength)
  }
}

extension Duration {
  /// As libfuse takes a timeout; it caps what the kernel cannot hold.
  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return max(0, Double(seconds) + Double(attoseconds) * 1e-18)
  }
}
