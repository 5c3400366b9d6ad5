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
      entry(
        try state.tree.make(
          name, in: parent, kind: kind, permissions: permissions & ~caller.umask,
          owner: caller.owner, content: kind == .regular ? .bytes([]) : .none, device: device
        ).attributes)
    }
  }

  package func link(
    _ inode: InodeNumber, to name: FileName, in parent: InodeNumber
  ) async throws(FileSystemError) -> Entry {
    try perform("link") { state throws(Errno) in
      entry(try state.tree.link(inode, to: name, in: parent).attributes)
    }
  }

  package func createTemporary(
    in parent: InodeNumber, permissions: UInt32, caller: Caller, _ flags: OpenFlags
  ) async throws(FileSystemError) -> (Entry, OpenReply) {
    try perform("tmpfile") { state throws(Errno) in
      let attributes = try state.tree.makeTemporary(
        in: parent, permissions: permissions & ~caller.umask, owner: caller.owner
      ).attributes
      let handle = try state.open(.file(attributes.inode, flags))
      return (entry(attributes), OpenReply(handle: handle, keepsKernelCache: true))
    }
  }

  package func allocate(
    _ handle: FileHandle, _ range: Range<Int64>, _ allocation: Allocation
  ) throws(FileSystemError) {
    try perform("fallocate") { state throws(Errno) in
      try state.tree.allocate(try state.inode(of: handle), range, allocation)
    }
  }

  package func seek(
    _ handle: FileHandle, from offset: Int64, to target: SeekTarget
  ) throws(FileSystemError) -> Int64 {
    try perform("lseek") { state throws(Errno) in
      try state.tree.seek(try state.inode(of: handle), from: offset, to: target)
    }
  }

  package func copyRange(
    from source: FileHandle, at offset: Int64, to target: FileHandle, at targetOffset: Int64,
    count: Int64
  ) async throws(FileSystemError) -> Int64 {
    try perform("copy_file_range") { state throws(Errno) in
      let bytes = try state.tree.read(
        try state.inode(of: source), at: offset, count: Int(clamping: count))
      if !bytes.isEmpty {
        try state.tree.write(try state.inode(of: target), at: targetOffset, bytes)
      }
      return Int64(bytes.count)
    }
  }

  /// Besides what was set there is `user.memory.inode`, with the number as text.
  package func extendedAttribute(
    _ name: String, of inode: InodeNumber
  ) async throws(FileSystemError) -> [UInt8] {
    try perform("getxattr") { state throws(Errno) in
      let node = try state.tree.node(inode)
      if name.utf8.elementsEqual("user.memory.inode".utf8) { return Array("\(inode)".utf8) }
      guard let value = node.extended[Array(name.utf8)] else { throw .noData }
      return value
    }
  }

  package func extendedAttributes(
    of inode: InodeNumber
  ) async throws(FileSystemError) -> [String] {
    try perform("listxattr") { state throws(Errno) in
      try state.tree.node(inode).extended.keys.map { String(decoding: $0, as: UTF8.self) }
    }
  }

  package func setExtendedAttribute(
    _ name: String, of inode: InodeNumber, to value: [UInt8], _ setting: AttributeSetting
  ) async throws(FileSystemError) {
    try perform("setxattr") { state throws(Errno) in
      try state.tree.change(inode) { node throws(Errno) in
        let key = Array(name.utf8)
        let isThere = node.extended[key] != nil
        switch setting {
        case .create where isThere: throw .fileExists
        case .replace where !isThere: throw .noData
        case .create, .replace, .createOrReplace: node.extended[key] = value
        }
      }
    }
  }

  package func removeExtendedAttribute(
    _ name: String, of inode: InodeNumber
  ) async throws(FileSystemError) {
    try perform("removexattr") { state throws(Errno) in
      try state.tree.change(inode) { node throws(Errno) in
        guard node.extended.removeValue(forKey: Array(name.utf8)) != nil else { throw .noData }
      }
    }
  }
}
