package import MediaFSCore
package import MediaFSEngine
import SystemPackage

extension MemoryFileSystem {
  package func open(
    _ inode: InodeNumber, _ flags: OpenFlags
  ) async throws(FileSystemError) -> OpenReply {
    try perform("open") { state throws(Errno) in
      try state.tree.checkFile(inode)
      if flags.contains(.truncate) { try state.tree.truncate(inode, to: 0) }
      return OpenReply(handle: try state.open(.file(inode, flags)), keepsKernelCache: true)
    }
  }

  package func create(
    _ name: FileName, in parent: InodeNumber, permissions: UInt32, caller: Caller,
    _ flags: OpenFlags
  ) async throws(FileSystemError) -> (Entry, OpenReply) {
    try perform("create") { state throws(Errno) in
      var attributes: FileAttributes
      if let inode = try state.tree.children(of: parent)[name] {
        if flags.contains(.exclusive) { throw .fileExists }
        try state.tree.checkFile(inode)
        if flags.contains(.truncate) { try state.tree.truncate(inode, to: 0) }
        attributes = try state.tree.node(inode).attributes
      } else {
        attributes = try state.tree.make(
          name, in: parent, kind: .regular, permissions: permissions & ~caller.umask,
          owner: caller.owner,
          content: .bytes([])
        ).attributes
        if name.stalls {
          state.stalling.insert(attributes.inode)
          // The kernel asks for no byte beyond the size.
          attributes.size = 1 << 40
          state.tree.nodes[attributes.inode]?.attributes = attributes
        }
      }
      let handle = try state.open(.file(attributes.inode, flags))
      return (entry(attributes), OpenReply(handle: handle, keepsKernelCache: true))
    }
  }

  package func read(
    _ handle: FileHandle, at offset: Int64, count: Int
  ) async throws(FileSystemError) -> [UInt8] {
    if try isStalling(handle) {
      await stall()
      throw FileSystemError(.interrupted, "read", "the wait was cancelled")
    }
    return try perform("read") { state throws(Errno) in
      try state.tree.read(try state.inode(of: handle), at: offset, count: count)
    }
  }

  package func write(
    _ handle: FileHandle, at offset: Int64, _ bytes: UnsafeRawBufferPointer, appends: Bool
  ) throws(FileSystemError) {
    let bytes = unsafe Array(bytes)
    try perform("write") { state throws(Errno) in
      let inode = try state.inode(of: handle)
      let end = try state.tree.node(inode).attributes.size
      try state.tree.write(inode, at: appends ? end : offset, bytes)
    }
  }

  package func flush(_ handle: FileHandle) async throws(FileSystemError) {}

  package func synchronize(
    _ handle: FileHandle, dataOnly: Bool
  ) async throws(FileSystemError) {}

  package func release(_ handle: FileHandle) {
    close(handle)
  }

  package func openDirectory(
    _ inode: InodeNumber
  ) async throws(FileSystemError) -> OpenDirectoryReply {
    try perform("opendir") { state throws(Errno) in
      _ = try state.tree.children(of: inode)
      return OpenDirectoryReply(handle: try state.open(.directory(inode, [])))
    }
  }

  package func readDirectory(
    _ handle: FileHandle, after offset: Int64, take: (DirectoryEntry) -> Bool
  ) throws(FileSystemError) {
    let entries = try perform("readdir") { state throws(Errno) -> [DirectoryEntry] in
      guard case .directory(let inode, var entries) = state.handles[handle] else {
        throw .badFileDescriptor
      }
      if offset == 0 {
        entries = try self.entries(of: inode, in: state.tree)
        state.handles[handle] = .directory(inode, entries)
      }
      return entries
    }
    for entry in entries.dropFirst(Int(clamping: max(0, offset))) {
      guard take(entry) else { return }
    }
  }

  /// Offsets count the entries, "." and ".." included.
  private func entries(
    of inode: InodeNumber, in tree: MemoryTree
  ) throws(Errno) -> [DirectoryEntry] {
    let directory = try tree.node(inode)
    var entries: [DirectoryEntry] = []
    func append(_ name: String, _ inode: InodeNumber, _ kind: FileKind, _ entry: Entry?) {
      entries.append(
        DirectoryEntry(
          name: name, inode: inode, kind: kind, nextOffset: Int64(entries.count + 1),
          entry: entry))
    }
    append(".", inode, .directory, nil)
    append("..", directory.parent, .directory, nil)
    for (name, child) in try tree.children(of: inode).sorted(by: { $0.key < $1.key }) {
      let attributes = try tree.node(child).attributes
      append(name.text, child, attributes.kind, entry(attributes))
    }
    return entries
  }

  package func synchronizeDirectory(_ handle: FileHandle) async throws(FileSystemError) {}

  package func releaseDirectory(_ handle: FileHandle) {
    close(handle)
  }
}
