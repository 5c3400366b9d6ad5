package import MediaFSCore
package import SystemPackage

extension MemoryTree {
  /// In bytes; a file lies in memory, holes too.
  private static let maximumFileSize: Int64 = 1 << 30

  private func bytes(of inode: InodeNumber) throws(Errno) -> [UInt8] {
    switch try node(inode).content {
    case .bytes(let bytes): return bytes
    case .children: throw .isDirectory
    case .target, .none: throw .invalidArgument
    }
  }

  package func read(
    _ inode: InodeNumber, at offset: Int64, count: Int
  ) throws(Errno) -> [UInt8] {
    let bytes = try bytes(of: inode)
    guard offset >= 0, count >= 0 else { throw .invalidArgument }
    return Array(bytes.dropFirst(Int(min(offset, Int64(bytes.count)))).prefix(count))
  }

  package mutating func write(
    _ inode: InodeNumber, at offset: Int64, _ new: [UInt8]
  ) throws(Errno) {
    guard offset >= 0 else { throw .invalidArgument }
    guard offset <= Self.maximumFileSize - Int64(new.count) else { throw .fileTooLarge }
    let start = Int(offset)
    // Taken out of the tree while it changes, so that it is not copied.
    var bytes = try bytes(of: inode)
    nodes[inode]?.content = .bytes([])
    if bytes.count < start + new.count {
      bytes += [UInt8](repeating: 0, count: start + new.count - bytes.count)
    }
    unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyBytes(from: new)
    }
    try setBytes(bytes, of: inode)
  }

  package mutating func truncate(_ inode: InodeNumber, to size: Int64) throws(Errno) {
    guard size >= 0 else { throw .invalidArgument }
    guard size <= Self.maximumFileSize else { throw .fileTooLarge }
    var bytes = Array(try bytes(of: inode).prefix(Int(size)))
    bytes += [UInt8](repeating: 0, count: Int(size) - bytes.count)
    try setBytes(bytes, of: inode)
  }

  private mutating func setBytes(_ bytes: [UInt8], of inode: InodeNumber) throws(Errno) {
    let time = now
    try change(inode) { node throws(Errno) in
      node.content = .bytes(bytes)
      node.attributes.size = node.content.size
      node.attributes.blocks = node.content.blocks
      node.attributes.modified = time
    }
  }

  /// chmod(2), chown(2), truncate(2) and utimensat(2).
  package mutating func setAttributes(
    of inode: InodeNumber, _ changes: AttributeChanges
  ) throws(Errno) {
    if let size = changes.size { try truncate(inode, to: size) }
    let time = now
    try change(inode) { node throws(Errno) in
      if let permissions = changes.permissions { node.attributes.permissions = permissions }
      if let user = changes.user { node.attributes.owner.user = user }
      if let group = changes.group { node.attributes.owner.group = group }
      if let accessed = changes.accessed { node.attributes.accessed = accessed.resolved(time) }
      if let modified = changes.modified { node.attributes.modified = modified.resolved(time) }
    }
  }
}
