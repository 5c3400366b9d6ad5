package import MediaFSCore

/// What the kernel may remember of a name.
package struct Entry: Sendable {
  package var attributes: FileAttributes
  /// How long the name itself may be cached.
  package var entryTimeout: Duration
  package var attributeTimeout: Duration

  package init(attributes: FileAttributes, entryTimeout: Duration, attributeTimeout: Duration) {
    self.attributes = attributes
    self.entryTimeout = entryTimeout
    self.attributeTimeout = attributeTimeout
  }
}

package struct AttributeReply: Sendable {
  package var attributes: FileAttributes
  package var timeout: Duration

  package init(attributes: FileAttributes, timeout: Duration) {
    self.attributes = attributes
    self.timeout = timeout
  }
}

/// Names an open file or directory until it is released.
package struct FileHandle: Hashable, Sendable {
  package let value: UInt64

  package init(_ value: UInt64) {
    self.value = value
  }
}

package struct OpenReply: Sendable {
  package var handle: FileHandle
  /// The bytes that the kernel still caches of this inode are right: keep them.
  package var keepsKernelCache: Bool
  /// The file wants to hear of each close(2), and not only of the last one.
  package var needsFlush: Bool
  package var access: FileAccess

  package init(
    handle: FileHandle, keepsKernelCache: Bool, needsFlush: Bool = true,
    access: FileAccess = .cached
  ) {
    self.access = access
    self.handle = handle
    self.keepsKernelCache = keepsKernelCache
    self.needsFlush = needsFlush
  }
}

package struct OpenDirectoryReply: Sendable {
  package var handle: FileHandle
  /// What the kernel caches of the names of a directory.
  package enum Names: Sendable {
    /// Nothing: they are asked for with each reading.
    case none
    /// What is read now, until it hears of a change.
    case read
    /// That, and what it has cached before, which is right.
    case kept
  }
  package var caching: Names

  package init(handle: FileHandle, caching: Names = .none) {
    self.handle = handle
    self.caching = caching
  }
}

/// The flags of open(2) that matter here; access rights were checked by the kernel.
package struct OpenFlags: OptionSet, Sendable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  package static let read = OpenFlags(rawValue: 1)
  package static let write = OpenFlags(rawValue: 2)
  package static let append = OpenFlags(rawValue: 4)
  package static let truncate = OpenFlags(rawValue: 8)
  package static let exclusive = OpenFlags(rawValue: 16)
  /// With ``truncate``: who opens may not keep setuid and setgid of what they change.
  package static let clearsPrivileges = OpenFlags(rawValue: 32)
  /// `O_NOATIME`: this reader leaves no trace.
  package static let noAccessTime = OpenFlags(rawValue: 64)
  /// `O_DIRECT`: nothing is cached. The disk may insist on whole blocks then, we do not.
  package static let direct = OpenFlags(rawValue: 128)
}

/// Who makes something, as far as that decides what comes to be.
package struct Caller: Hashable, Sendable {
  package var owner: Owner
  /// The mode bits that are taken away, unless the directory has a default access control list.
  package var umask: UInt32

  package init(owner: Owner, umask: UInt32 = 0) {
    self.owner = owner
    self.umask = umask
  }
}

/// What setxattr(2) expects of the name.
package enum AttributeSetting: Sendable {
  case createOrReplace
  /// `EEXIST` when there is one.
  case create
  /// `ENODATA` when there is none.
  case replace
}

/// What fallocate(2) does with a range.
package enum Allocation: Sendable {
  /// Disk space is set aside; bytes stay as they are. Extends the file unless `keepingSize`.
  case reserve(keepingSize: Bool)
  /// Reads as zeros and takes no space; the size stays.
  case punchHole
  /// Reads as zeros. Extends the file unless `keepingSize`.
  case zero(keepingSize: Bool)
}

/// What lseek(2) looks for with `SEEK_DATA` and `SEEK_HOLE`.
package enum SeekTarget: Sendable {
  case data
  /// The end of the file counts as one.
  case hole
}

/// The flags of renameat2(2).
package enum RenameMode: Sendable {
  case replace
  /// `EEXIST` when the new name exists.
  case noReplace
  /// Both names must exist and change places.
  case exchange
}

/// One entry of a directory being read.
package struct DirectoryEntry: Sendable {
  package var name: String
  package var inode: InodeNumber
  /// `nil` while it is not known what the inode is (`DT_UNKNOWN`).
  package var kind: FileKind?
  /// Where to go on after this entry; positive, stable while the directory is open.
  package var nextOffset: Int64
  /// `nil` while the attributes are not known here; the kernel then asks when it needs them.
  package var entry: Entry?

  package init(
    name: String, inode: InodeNumber, kind: FileKind?, nextOffset: Int64, entry: Entry?
  ) {
    self.name = name
    self.inode = inode
    self.kind = kind
    self.nextOffset = nextOffset
    self.entry = entry
  }
}

/// What statfs(2) tells, in bytes and inodes.
package struct FileSystemStatistics: Sendable {
  package var totalBytes: Int64
  package var freeBytes: Int64
  package var totalInodes: Int64
  package var freeInodes: Int64

  package init(totalBytes: Int64, freeBytes: Int64, totalInodes: Int64, freeInodes: Int64) {
    self.totalBytes = totalBytes
    self.freeBytes = freeBytes
    self.totalInodes = totalInodes
    self.freeInodes = freeInodes
  }
}

/// Told by the filesystem when what the kernel caches is no longer right.
package protocol KernelCache: Sendable {
  /// Whether it may still ask about an inode by its number, whatever became of its names.
  func knows(_ inode: InodeNumber) -> Bool
  /// Drops the attributes and the pages of an inode.
  func invalidate(_ inode: InodeNumber)
  /// Drops a name, also one that was remembered as missing, and the directory's listing.
  ///
  /// - Parameter told: called once that is done; never when there are too many names.
  func invalidate(
    _ name: FileName, in parent: InodeNumber, told: @escaping @Sendable () -> Void)
}
