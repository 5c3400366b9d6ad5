package import MediaFSCore

/// Every filesystem operation, in the kernel's terms but without the kernel's types.
///
/// `async` operations may wait for the network, with a deadline, and end with `EINTR` when their
/// task is cancelled. The others wait for the local disk at most. All run on a thread that may
/// block. An ``Entry`` or attributes that were returned are what the kernel may cache.
package protocol FileSystem: Sendable {
  func lookup(_ name: FileName, in parent: InodeNumber) async throws(FileSystemError) -> Entry

  /// An inode by its number alone, as NFS and open_by_handle_at(2) find it again; `ESTALE` when
  /// it is no more.
  func entry(of inode: InodeNumber) async throws(FileSystemError) -> Entry

  /// The directory that holds a directory; the root holds itself.
  func parent(of directory: InodeNumber) async throws(FileSystemError) -> Entry

  /// - Parameter handle: the open file that is asked, for files that have no name any more.
  func attributes(
    of inode: InodeNumber, handle: FileHandle?
  ) async throws(FileSystemError) -> AttributeReply

  func setAttributes(
    of inode: InodeNumber, _ changes: AttributeChanges, handle: FileHandle?
  ) async throws(FileSystemError) -> AttributeReply

  func readSymbolicLink(_ inode: InodeNumber) async throws(FileSystemError) -> String

  /// - Parameter permissions: the lower 12 mode bits, without the caller's umask applied.
  func makeDirectory(
    _ name: FileName, in parent: InodeNumber, permissions: UInt32, caller: Caller
  ) async throws(FileSystemError) -> Entry

  func makeSymbolicLink(
    _ name: FileName, in parent: InodeNumber, target: String, caller: Caller
  ) async throws(FileSystemError) -> Entry

  /// Makes anything but a directory or a symbolic link (mknod(2)).
  ///
  /// - Parameter device: `st_rdev` of a device node, else 0.
  func makeNode(
    _ name: FileName, in parent: InodeNumber, kind: FileKind, permissions: UInt32, device: UInt64,
    caller: Caller
  ) async throws(FileSystemError) -> Entry

  /// Gives an inode another name (link(2)); also the first one of an ``createTemporary``.
  func link(
    _ inode: InodeNumber, to name: FileName, in parent: InodeNumber
  ) async throws(FileSystemError) -> Entry

  /// The kernel does not know an inode any more: one without a name can go.
  func forget(_ inode: InodeNumber)

  func unlink(_ name: FileName, in parent: InodeNumber) async throws(FileSystemError)

  func removeDirectory(_ name: FileName, in parent: InodeNumber) async throws(FileSystemError)

  func rename(
    _ name: FileName, in parent: InodeNumber, to newName: FileName, in newParent: InodeNumber,
    mode: RenameMode
  ) async throws(FileSystemError)

  func open(_ inode: InodeNumber, _ flags: OpenFlags) async throws(FileSystemError) -> OpenReply

  /// Makes a file and opens it, in one step; with ``OpenFlags/exclusive`` it must be new.
  func create(
    _ name: FileName, in parent: InodeNumber, permissions: UInt32, caller: Caller,
    _ flags: OpenFlags
  ) async throws(FileSystemError) -> (Entry, OpenReply)

  /// Makes and opens a file without a name (`O_TMPFILE` of open(2)).
  func createTemporary(
    in parent: InodeNumber, permissions: UInt32, caller: Caller, _ flags: OpenFlags
  ) async throws(FileSystemError) -> (Entry, OpenReply)

  /// Up to `count` bytes at `offset`; fewer only at the end of the file.
  func read(
    _ handle: FileHandle, at offset: Int64, count: Int
  ) async throws(FileSystemError) -> [UInt8]

  /// Takes all of `bytes` or throws. When it returns they survive the death of the daemon.
  ///
  /// - Parameter appends: at the end of the file, wherever that is by now. Said of each write,
  ///   since F_SETFL of fcntl(2) changes it; never of a changed page of a mapping.
  func write(
    _ handle: FileHandle, at offset: Int64, _ bytes: UnsafeRawBufferPointer, appends: Bool
  ) throws(FileSystemError)

  /// fallocate(2)
  func allocate(
    _ handle: FileHandle, _ range: Range<Int64>, _ allocation: Allocation
  ) throws(FileSystemError)

  /// The next data or hole at or behind `offset`; `ENXIO` when there is none.
  func seek(
    _ handle: FileHandle, from offset: Int64, to target: SeekTarget
  ) throws(FileSystemError) -> Int64

  /// Copies bytes between two open files (copy_file_range(2)); returns how many, 0 at the end of
  /// the source. `EOPNOTSUPP` makes the kernel copy by reading and writing.
  func copyRange(
    from source: FileHandle, at offset: Int64, to target: FileHandle, at targetOffset: Int64,
    count: Int64
  ) async throws(FileSystemError) -> Int64

  /// Once for each close(2) of a descriptor; may come any number of times, or never.
  func flush(_ handle: FileHandle) async throws(FileSystemError)

  /// When it returns, what was written survives a power cut.
  func synchronize(_ handle: FileHandle, dataOnly: Bool) async throws(FileSystemError)

  /// After the last close(2) of an open file. Cannot fail, cannot wait.
  func release(_ handle: FileHandle)

  func openDirectory(_ inode: InodeNumber) async throws(FileSystemError) -> OpenDirectoryReply

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

  /// The names that listxattr(2) tells: what applications have set, not the views of the mount.
  func extendedAttributes(
    of inode: InodeNumber
  ) async throws(FileSystemError) -> [String]

  func setExtendedAttribute(
    _ name: String, of inode: InodeNumber, to value: [UInt8], _ setting: AttributeSetting
  ) async throws(FileSystemError)

  /// `ENODATA` when there is none.
  func removeExtendedAttribute(
    _ name: String, of inode: InodeNumber
  ) async throws(FileSystemError)
}
