package import MediaFSCore

/// Every filesystem operation, in the kernel's terms but without the kernel's types.
///
/// `async` operations may wait for the network, with a deadline, and end with `EINTR` when their
/// task is cancelled. The others wait for the local disk at most. All run on a thread that may
/// block. An ``Entry`` or attributes that were returned are what the kernel may cache.
package protocol FileSystem: Sendable {
  func lookup(_ name: FileName, in parent: InodeNumber) async throws(FileSystemError) -> Entry

  /// - Parameter handle: the open file that is asked, for files that have no name any more.
  func attributes(
    of inode: InodeNumber, handle: FileHandle?
  ) async throws(FileSystemError) -> AttributeReply

  func setAttributes(
    of inode: InodeNumber, _ changes: AttributeChanges, handle: FileHandle?
  ) async throws(FileSystemError) -> AttributeReply

  func readSymbolicLink(_ inode: InodeNumber) async throws(FileSystemError) -> String

  /// - Parameter permissions: the lower 12 mode bits, with the caller's umask already applied.
  func makeDirectory(
    _ name: FileName, in parent: InodeNumber, permissions: UInt32, owner: Owner
  ) async throws(FileSystemError) -> Entry

  func makeSymbolicLink(
    _ name: FileName, in parent: InodeNumber, target: String, owner: Owner
  ) async throws(FileSystemError) -> Entry

  func unlink(_ name: FileName, in parent: InodeNumber) async throws(FileSystemError)

  func removeDirectory(_ name: FileName, in parent: InodeNumber) async throws(FileSystemError)

  func rename(
    _ name: FileName, in parent: InodeNumber, to newName: FileName, in newParent: InodeNumber,
    mode: RenameMode
  ) async throws(FileSystemError)

  func open(_ inode: InodeNumber, _ flags: OpenFlags) async throws(FileSystemError) -> OpenReply

  /// Makes a file and opens it, in one step; with ``OpenFlags/exclusive`` it must be new.
  func create(
    _ name: FileName, in parent: InodeNumber, permissions: UInt32, owner: Owner, _ flags: OpenFlags
  ) async throws(FileSystemError) -> (Entry, OpenReply)

  /// Up to `count` bytes at `offset`; fewer only at the end of the file.
  func read(
    _ handle: FileHandle, at offset: Int64, count: Int
  ) async throws(FileSystemError) -> [UInt8]

  /// Takes all of `bytes` or throws. When it returns they survive the death of the daemon.
  func write(
    _ handle: FileHandle, at offset: Int64, _ bytes: UnsafeRawBufferPointer
  ) throws(FileSystemError)

  /// Once for each close(2) of a descriptor; may come any number of times, or never.
  func flush(_ handle: FileHandle) async throws(FileSystemError)

  /// When it returns, what was written survives a power cut.
  func synchronize(_ handle: FileHandle, dataOnly: Bool) async throws(FileSystemError)

  /// After the last close(2) of an open file. Cannot fail, cannot wait.
  func release(_ handle: FileHandle)

  func openDirectory(_ inode: InodeNumber) async throws(FileSystemError) -> FileHandle

  /// Entries after `offset` (0 is the start), as many as `take` accepts.
  ///
  /// - Parameter take: returns false when the entry did not fit; it comes again next time.
  func readDirectory(
    _ handle: FileHandle, after offset: Int64, take: (DirectoryEntry) -> Bool
  ) throws(FileSystemError)

  func synchronizeDirectory(_ handle: FileHandle) async throws(FileSystemError)

  func releaseDirectory(_ handle: FileHandle)

  func statistics() throws(FileSystemError) -> FileSystemStatistics

  /// The value of an extended attribute; `ENODATA` when there is none.
  func extendedAttribute(
    _ name: String, of inode: InodeNumber
  ) async throws(FileSystemError) -> [UInt8]
}

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

  package init(handle: FileHandle, keepsKernelCache: Bool) {
    self.handle = handle
    self.keepsKernelCache = keepsKernelCache
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
  /// Drops the attributes and the pages of an inode.
  func invalidate(_ inode: InodeNumber)
  /// Drops a name, also one that was remembered as missing, and the directory's listing.
  func invalidate(_ name: FileName, in parent: InodeNumber)
}
