package import MediaFSCore
package import MediaFSEngine
import SystemPackage

extension MemoryFileSystem: FileSystem {
  package func lookup(
    _ name: FileName, in parent: InodeNumber
  ) async throws(FileSystemError) -> Entry {
    if name.isLate { await stall() }
    return try perform("lookup") { state throws(Errno) in
      entry(try state.tree.lookup(name, in: parent).attributes)
    }
  }

  /// What is removed is gone at once unless it is open: that is what the tests of it look for.
  package func forget(_ inode: InodeNumber) {}

  package func attributes(
    of inode: InodeNumber, handle: FileHandle?
  ) async throws(FileSystemError) -> AttributeReply {
    try perform("getattr") { state throws(Errno) in
      AttributeReply(attributes: try state.tree.node(inode).attributes, timeout: timeout)
    }
  }

  package func setAttributes(
    of inode: InodeNumber, _ changes: AttributeChanges, handle: FileHandle?
  ) async throws(FileSystemError) -> AttributeReply {
    try perform("setattr") { state throws(Errno) in
      try state.tree.setAttributes(of: inode, changes)
      return AttributeReply(attributes: try state.tree.node(inode).attributes, timeout: timeout)
    }
  }

  package func readSymbolicLink(
    _ inode: InodeNumber
  ) async throws(FileSystemError) -> String {
    try perform("readlink") { state throws(Errno) in
      guard case .target(let target) = try state.tree.node(inode).content else {
        throw .invalidArgument
      }
      return target
    }
  }

  package func makeDirectory(
    _ name: FileName, in parent: InodeNumber, permissions: UInt32, caller: Caller
  ) async throws(FileSystemError) -> Entry {
    try perform("mkdir") { state throws(Errno) in
      entry(
        try state.tree.make(
          name, in: parent, kind: .directory, permissions: permissions & ~caller.umask,
          owner: caller.owner,
          content: .children([:])
        ).attributes)
    }
  }

  package func makeSymbolicLink(
    _ name: FileName, in parent: InodeNumber, target: String, caller: Caller
  ) async throws(FileSystemError) -> Entry {
    try perform("symlink") { state throws(Errno) in
      entry(
        try state.tree.make(
          name, in: parent, kind: .symbolicLink, permissions: 0o777, owner: caller.owner,
          content: .target(target)
        ).attributes)
    }
  }

  package func unlink(_ name: FileName, in parent: InodeNumber) async throws(FileSystemError) {
    try perform("unlink") { state throws(Errno) in try state.tree.unlink(name, in: parent) }
  }

  package func removeDirectory(
    _ name: FileName, in parent: InodeNumber
  ) async throws(FileSystemError) {
    try perform("rmdir") { state throws(Errno) in
      try state.tree.removeDirectory(name, in: parent)
    }
  }

  package func rename(
    _ name: FileName, in parent: InodeNumber, to newName: FileName, in newParent: InodeNumber,
    mode: RenameMode
  ) async throws(FileSystemError) {
    try perform("rename") { state throws(Errno) in
      try state.tree.rename(name, in: parent, to: newName, in: newParent, mode: mode)
    }
  }

  package func statistics() throws(FileSystemError) -> FileSystemStatistics {
    FileSystemStatistics(
      totalBytes: 1 << 40, freeBytes: 1 << 39, totalInodes: 1_000_000, freeInodes: 900_000)
  }
}
