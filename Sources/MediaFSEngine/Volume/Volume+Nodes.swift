import MediaFSCatalog
package import MediaFSCore
import SystemPackage

/// Making what has no bytes: directories, symbolic links, special files. All but directories are
/// objects without bytes (a symbolic link's are its target) whose metadata says what they are.
extension Volume {
  package func makeDirectory(
    _ name: FileName, in parent: InodeNumber, permissions: UInt32, caller: Caller
  ) async throws(FileSystemError) -> Entry {
    try await make(
      NewInode(kind: .directory, permissions: permissions, owner: caller.owner), caller.umask,
      name, in: parent, "mkdir")
  }

  package func makeSymbolicLink(
    _ name: FileName, in parent: InodeNumber, target: String, caller: Caller
  ) async throws(FileSystemError) -> Entry {
    try await make(
      NewInode(kind: .symbolicLink, permissions: 0o777, owner: caller.owner, target: target), 0,
      name, in: parent, "symlink")
  }

  package func makeNode(
    _ name: FileName, in parent: InodeNumber, kind: FileKind, permissions: UInt32, device: UInt64,
    caller: Caller
  ) async throws(FileSystemError) -> Entry {
    // mknod(2): directories and symbolic links have calls of their own.
    guard kind != .directory, kind != .symbolicLink else {
      throw FileSystemError(.notPermitted, "mknod", "mknod makes no \(kind)")
    }
    return try await make(
      NewInode(
        kind: kind, permissions: permissions, owner: caller.owner,
        device: kind.isDevice ? device : 0), caller.umask, name, in: parent, "mknod")
  }

  /// - Parameter wish: its permissions are those asked for, and its owner is the maker.
  private func make(
    _ wish: NewInode, _ umask: UInt32, _ name: FileName, in parent: InodeNumber,
    _ operation: String
  ) async throws(FileSystemError) -> Entry {
    try refuseIfReadOnly(operation)
    let directory = try await listed(parent, operation)
    try checkKey(name, in: parent, isDirectory: wish.kind == .directory, operation)
    let new = try await begin(wish, umask: umask, in: directory, operation)
    let now = context.environment.now()
    let record = try ask(operation) { try $0.create(new, named: name, in: parent, at: now) }
    reconciler.journalChanged()
    return entry(record, in: directory)
  }

  /// What a new inode begins with in a directory: mode, group and access control lists follow from
  /// the maker's wish and from what the directory has to say (``Inheritance``).
  ///
  /// - Parameter umask: what is taken away unless the directory has a default list.
  func begin(
    _ wish: NewInode, umask: UInt32, in directory: InodeRecord, _ operation: String
  ) async throws(FileSystemError) -> NewInode {
    var directory = directory
    if !directory.attributesKnown {
      directory = try await complete(directory.number, operation)
    }
    let extended =
      try await names(of: directory.number, operation).contains(.defaultList)
      ? try ask(operation) { try $0.extendedAttributes(of: directory.number) }
      : ExtendedAttributes()
    let beginning = Inheritance(
      permissions: directory.permissions, group: directory.owner.group,
      defaultList: extended.defaultList
    ).begin(wish.kind, permissions: wish.permissions, umask: umask, maker: wish.owner)
    var new = wish
    new.permissions = beginning.permissions
    new.owner = beginning.owner
    new.extended = beginning.attributes
    // A directory that looks as every other one needs no marker for that.
    let options = context.options
    new.attributesChosen =
      wish.kind != .directory || beginning.permissions != options.directoryMode
      || beginning.owner != options.defaultOwner || !beginning.attributes.isEmpty
    return new
  }
}
