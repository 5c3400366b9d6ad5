package import MediaFSCore
package import MediaFSEngine
package import SystemPackage

extension MemoryTree {
  /// renameat2(2), rule by rule.
  package mutating func rename(
    _ name: FileName, in parent: InodeNumber, to newName: FileName, in newParent: InodeNumber,
    mode: RenameMode
  ) throws(Errno) {
    // Both directories come first, as they do when the kernel walks the paths.
    let target = try children(of: newParent)[newName].flatMap { nodes[$0] }
    let node = try lookup(name, in: parent)
    if mode == .noReplace, target != nil { throw .fileExists }
    if mode == .exchange, target == nil { throw .noSuchFileOrDirectory }
    guard !isBeneath(newParent, node.attributes.inode) else { throw .invalidArgument }
    switch mode {
    case .exchange:
      guard let target else { throw .noSuchFileOrDirectory }
      guard !isBeneath(parent, target.attributes.inode) else { throw .invalidArgument }
      try exchange((name, parent, node), (newName, newParent, target))
    case .noReplace:
      try move((name, parent, node), to: newName, in: newParent)
    case .replace:
      if let target {
        if target.attributes.inode == node.attributes.inode { return }
        try checkReplaceable(target, by: node)
        try setChild(newName, of: newParent, to: nil)
        try dropLink(of: target.attributes.inode)
      }
      try move((name, parent, node), to: newName, in: newParent)
    }
  }

  private typealias Place = (name: FileName, parent: InodeNumber, node: Node)

  private func checkReplaceable(_ target: Node, by node: Node) throws(Errno) {
    switch (node.children, target.children) {
    case (nil, nil): break
    case (nil, .some): throw .isDirectory
    case (.some, nil): throw .notDirectory
    case (.some, .some(let children)):
      guard children.isEmpty else { throw .directoryNotEmpty }
    }
  }

  private mutating func move(
    _ place: Place, to newName: FileName, in newParent: InodeNumber
  ) throws(Errno) {
    let inode = place.node.attributes.inode
    try setChild(place.name, of: place.parent, to: nil)
    try setChild(newName, of: newParent, to: inode)
    try change(inode) { _ in }
  }

  private mutating func exchange(_ first: Place, _ second: Place) throws(Errno) {
    if first.node.attributes.inode == second.node.attributes.inode { return }
    try setChild(first.name, of: first.parent, to: second.node.attributes.inode)
    try setChild(second.name, of: second.parent, to: first.node.attributes.inode)
    try change(first.node.attributes.inode) { _ in }
    try change(second.node.attributes.inode) { _ in }
  }

  /// Whether `inode` is `directory` or anywhere in it.
  private func isBeneath(_ inode: InodeNumber, _ directory: InodeNumber) -> Bool {
    var inode = inode
    while inode != directory {
      guard inode != .root, let parent = nodes[inode]?.parent else { return false }
      inode = parent
    }
    return true
  }
}
