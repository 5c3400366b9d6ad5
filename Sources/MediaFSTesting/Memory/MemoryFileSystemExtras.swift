package import MediaFSCore
package import MediaFSEngine
import SystemPackage

extension MemoryFileSystem {
  package func entry(of inode: InodeNumber) async throws(FileSystemError) -> Entry {
    try perform("lookup") { state throws(Errno) in entry(try state.tree.node(inode).attributes) }
  }

  package func parent(of directory: InodeNumber) async throws(FileSystemError) -> Entry {
    try perform("lookup") { state throws(Errno) in
      entry(try state.tree.node(try state.tree.node(directory).parent).attributes)
    }
  }

  package func makeNode(
    _ name: FileName, in parent: InodeNumber, kind: FileKind, permissions: UInt32, device: UInt64,
    caller: Caller
  ) async throws(FileSystemError) -> Entry {
    try perform("mknod") { state throws(Errno) in
      let made = try state.tree.make(
        name, in: parent, kind: kind, permissions: permissions & ~caller.umask,
        owner: caller.owner, content: .bytes([]))
      var attributes = made.attributes
      attributes.device = device
      state.tree.nodes[attributes.inode]?.attributes = attributes
      return entry(attributes)
    }
  }

  package func link(
    _ inode: InodeNumber, to name: FileName, in parent: InodeNumber
  ) async throws(FileSystemError) -> Entry {
    throw unsupported("link")
  }

  package func createTemporary(
    in parent: InodeNumber, permissions: UInt32, caller: Caller, _ flags: OpenFlags
  ) async throws(FileSystemError) -> (Entry, OpenReply) {
    throw unsupported("tmpfile")
  }

  package func allocate(
    _ handle: FileHandle, _ range: Range<Int64>, _ allocation: Allocation
  ) throws(FileSystemError) {
    throw unsupported("fallocate")
  }

  package func seek(
    _ handle: FileHandle, from offset: Int64, to target: SeekTarget
  ) throws(FileSystemError) -> Int64 {
    throw unsupported("lseek")
  }

  package func copyRange(
    from source: FileHandle, at offset: Int64, to target: FileHandle, at targetOffset: Int64,
    count: Int64
  ) async throws(FileSystemError) -> Int64 {
    throw unsupported("copy_file_range")
  }

  package func extendedAttributes(
    of inode: InodeNumber
  ) async throws(FileSystemError) -> [String] {
    []
  }

  package func setExtendedAttribute(
    _ name: String, of inode: InodeNumber, to value: [UInt8], _ setting: AttributeSetting
  ) async throws(FileSystemError) {
    throw unsupported("setxattr")
  }

  package func removeExtendedAttribute(
    _ name: String, of inode: InodeNumber
  ) async throws(FileSystemError) {
    throw unsupported("removexattr")
  }

  private func unsupported(_ operation: String) -> FileSystemError {
    FileSystemError(.notSupported, operation, "not supported")
  }
}
