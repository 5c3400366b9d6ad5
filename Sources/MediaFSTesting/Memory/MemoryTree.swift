package import MediaFSCore
package import ObjectStorage
package import SystemPackage

/// The namespace rules of POSIX on values in memory, written to be obviously right.
///
/// It is what ``MemoryFileSystem`` serves, and the reference that others are compared with.
package struct MemoryTree: Sendable {
  package struct Node: Sendable {
    package enum Content: Sendable {
      case bytes([UInt8])
      case children([FileName: InodeNumber])
      case target(String)
      /// Of fifos, sockets and devices.
      case none
    }

    package var attributes: FileAttributes
    package var content: Content
    /// Extended attributes by name, in UTF-8.
    package var extended: [[UInt8]: [UInt8]] = [:]
    /// Of a directory; its own number for the root.
    var parent: InodeNumber
    var openCount = 0
    /// Made without a name, which it may get once.
    var isTemporary = false

    package var children: [FileName: InodeNumber]? {
      if case .children(let children) = content { children } else { nil }
    }
  }

  package internal(set) var nodes: [InodeNumber: Node] = [:]
  private var lastInode = InodeNumber.root
  /// The time of the operation that runs.
  package var now: Timestamp

  package init(owner: Owner, now: Timestamp) {
    self.now = now
    let attributes = FileAttributes(
      inode: .root, generation: 1, kind: .directory, permissions: 0o755, owner: owner,
      linkCount: 2, size: 0, blocks: 0, accessed: now, modified: now, changed: now)
    nodes[.root] = Node(attributes: attributes, content: .children([:]), parent: .root)
  }

  package func node(_ inode: InodeNumber) throws(Errno) -> Node {
    guard let node = nodes[inode] else { throw .noSuchFileOrDirectory }
    return node
  }

  package func children(of inode: InodeNumber) throws(Errno) -> [FileName: InodeNumber] {
    guard let children = try node(inode).children else { throw .notDirectory }
    return children
  }

  package func lookup(_ name: FileName, in parent: InodeNumber) throws(Errno) -> Node {
    guard let inode = try children(of: parent)[name] else { throw .noSuchFileOrDirectory }
    return try node(inode)
  }

  /// Takes over times that only another filesystem knows.
  package mutating func adopt(
    _ inode: InodeNumber, accessed: Timestamp, modified: Timestamp, changed: Timestamp
  ) {
    nodes[inode]?.attributes.accessed = accessed
    nodes[inode]?.attributes.modified = modified
    nodes[inode]?.attributes.changed = changed
  }

  /// Takes over what only another filesystem knows of a file, after it was in doubt.
  package mutating func adopt(
    _ inode: InodeNumber, _ bytes: [UInt8], permissions: UInt32, owner: Owner
  ) {
    guard var node = nodes[inode] else { return }
    node.content = .bytes(bytes)
    node.attributes.size = node.content.size
    node.attributes.blocks = node.content.blocks
    node.attributes.permissions = permissions
    node.attributes.owner = owner
    nodes[inode] = node
  }

  /// Changes a node in place; the change counts as one of its attributes.
  mutating func change(
    _ inode: InodeNumber, _ body: (inout Node) throws(Errno) -> Void
  ) throws(Errno) {
    var node = try node(inode)
    try body(&node)
    node.attributes.changed = now
    nodes[inode] = node
  }

  /// Makes an inode and its name; `EEXIST` when there is the name.
  package mutating func make(
    _ name: FileName, in parent: InodeNumber, kind: FileKind, permissions: UInt32, owner: Owner,
    content: Node.Content, device: UInt64 = 0
  ) throws(Errno) -> Node {
    guard try children(of: parent)[name] == nil else { throw .fileExists }
    let node = try makeNode(
      in: parent, kind: kind, permissions: permissions, owner: owner, content: content,
      device: device)
    try setChild(name, of: parent, to: node.attributes.inode)
    return node
  }

  /// Makes a file without a name (`O_TMPFILE` of open(2)).
  package mutating func makeTemporary(
    in parent: InodeNumber, permissions: UInt32, owner: Owner
  ) throws(Errno) -> Node {
    _ = try children(of: parent)
    var node = try makeNode(
      in: parent, kind: .regular, permissions: permissions, owner: owner, content: .bytes([]))
    node.attributes.linkCount = 0
    node.isTemporary = true
    nodes[node.attributes.inode] = node
    return node
  }

  private mutating func makeNode(
    in parent: InodeNumber, kind: FileKind, permissions: UInt32, owner: Owner,
    content: Node.Content, device: UInt64 = 0
  ) throws(Errno) -> Node {
    let directory = try node(parent).attributes
    // A directory that somebody removed while it is open.
    guard directory.linkCount > 0 else { throw .noSuchFileOrDirectory }
    lastInode = InodeNumber(lastInode.value + 1)
    var attributes = FileAttributes(
      inode: lastInode, generation: 1, kind: kind, permissions: permissions, owner: owner,
      linkCount: kind == .directory ? 2 : 1, size: content.size, blocks: content.blocks,
      accessed: now, modified: now, changed: now, device: device)
    if directory.permissions & setgid != 0 {
      attributes.owner.group = directory.owner.group
      if kind == .directory { attributes.permissions |= setgid }
    }
    let node = Node(attributes: attributes, content: content, parent: parent)
    nodes[lastInode] = node
    return node
  }

  /// link(2)
  package mutating func link(
    _ inode: InodeNumber, to name: FileName, in parent: InodeNumber
  ) throws(Errno) -> Node {
    let node = try node(inode)
    // The kernel looks for the new name first.
    guard try children(of: parent)[name] == nil else { throw .fileExists }
    guard node.attributes.kind != .directory else { throw .notPermitted }
    guard try self.node(parent).attributes.linkCount > 0,
      node.attributes.linkCount > 0 || node.isTemporary
    else { throw .noSuchFileOrDirectory }
    try setChild(name, of: parent, to: inode)
    try change(inode) { node in
      node.attributes.linkCount += 1
      node.isTemporary = false
    }
    return try self.node(inode)
  }

  package mutating func unlink(_ name: FileName, in parent: InodeNumber) throws(Errno) {
    let node = try lookup(name, in: parent)
    guard node.attributes.kind != .directory else { throw .isDirectory }
    try setChild(name, of: parent, to: nil)
    try dropLink(of: node.attributes.inode)
  }

  package mutating func removeDirectory(
    _ name: FileName, in parent: InodeNumber
  ) throws(Errno) {
    let node = try lookup(name, in: parent)
    guard try children(of: node.attributes.inode).isEmpty else { throw .directoryNotEmpty }
    try setChild(name, of: parent, to: nil)
    try dropLink(of: node.attributes.inode)
  }

  /// Puts a name into a directory, or takes it out, and counts ".." of directories as links.
  mutating func setChild(
    _ name: FileName, of parent: InodeNumber, to inode: InodeNumber?
  ) throws(Errno) {
    var children = try children(of: parent)
    // Taken out of the tree while they change, so that they are not copied.
    nodes[parent]?.content = .children([:])
    let old = children[name]
    children[name] = inode
    let isOldDirectory = old.flatMap { nodes[$0]?.attributes.kind } == .directory
    let isNewDirectory = inode.flatMap { nodes[$0]?.attributes.kind } == .directory
    let time = now
    try change(parent) { node throws(Errno) in
      node.content = .children(children)
      node.attributes.modified = time
      if isOldDirectory { node.attributes.linkCount -= 1 }
      if isNewDirectory { node.attributes.linkCount += 1 }
    }
    if let inode, isNewDirectory { nodes[inode]?.parent = parent }
  }

  /// A node without a name lives as long as it is open.
  mutating func dropLink(of inode: InodeNumber) throws(Errno) {
    try change(inode) { node in
      node.attributes.linkCount =
        node.attributes.kind == .directory ? 0 : node.attributes.linkCount - 1
    }
    try forgetIfUnused(inode)
  }

  package mutating func retain(_ inode: InodeNumber) throws(Errno) {
    guard nodes[inode] != nil else { throw .noSuchFileOrDirectory }
    nodes[inode]?.openCount += 1
  }

  package mutating func release(_ inode: InodeNumber) throws(Errno) {
    nodes[inode]?.openCount -= 1
    try forgetIfUnused(inode)
  }

  private mutating func forgetIfUnused(_ inode: InodeNumber) throws(Errno) {
    let node = try node(inode)
    if node.openCount == 0, node.attributes.linkCount == 0 { nodes[inode] = nil }
  }
}

private let setgid: UInt32 = 0o2000

extension MemoryTree.Node.Content {
  /// As `st_size` tells it.
  var size: Int64 {
    switch self {
    case .bytes(let bytes): Int64(bytes.count)
    case .children, .none: 0
    case .target(let target): Int64(target.utf8.count)
    }
  }

  var blocks: Int64 { (size + 511) / 512 }
}
