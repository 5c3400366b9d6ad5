package import Glibc

/// What stat(2) tells, as far as anybody here asks.
package struct FileStatus: Hashable, Sendable {
  package var device: UInt64
  package var inode: UInt64
  package var mode: UInt32
  package var linkCount: UInt64
  package var user: UInt32
  package var group: UInt32
  /// In bytes.
  package var size: Int64
  /// What is allocated on the disk, in bytes (`st_blocks` counts 512 of them).
  package var allocatedSize: Int64
  /// Nanoseconds since 1970; saturates in the years 1677 and 2262.
  package var modified: Int64
  package var accessed: Int64
  package var changed: Int64

  package init(_ value: stat) {
    device = UInt64(value.st_dev)
    inode = UInt64(value.st_ino)
    mode = value.st_mode
    linkCount = UInt64(value.st_nlink)
    user = value.st_uid
    group = value.st_gid
    size = Int64(value.st_size)
    allocatedSize = Int64(value.st_blocks) * 512
    modified = value.st_mtim.nanoseconds
    accessed = value.st_atim.nanoseconds
    changed = value.st_ctim.nanoseconds
  }

  package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
  package var isRegularFile: Bool { mode & S_IFMT == S_IFREG }
}

extension timespec {
  fileprivate var nanoseconds: Int64 {
    let (product, overflow) = Int64(tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return tv_sec < 0 ? .min : .max }
    let (sum, carry) = product.addingReportingOverflow(Int64(tv_nsec))
    return carry ? .max : sum
  }
}
