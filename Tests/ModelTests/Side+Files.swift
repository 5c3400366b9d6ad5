import MediaFSCore
import MediaFSEngine
import SystemPackage

extension Side {
  func open(_ operation: Operation) async throws(FileSystemError) -> Reply? {
    switch operation {
    case .create(let slot, let place, let flags, let permissions, let owner, let umask):
      guard slots[slot] == nil else { return nil }
      let parent = try await inode(place.dropLast())
      let name = try name(place.last ?? "")
      let flags = OpenFlags(rawValue: flags)
      // The kernel asks only for what it does not find, or finds to be a file.
      if let found = try await kind(of: name, in: parent), found != .regular { return nil }
      let (entry, open) = try await files.create(
        name, in: parent, permissions: permissions, caller: Caller(owner: owner, umask: umask),
        flags)
      return took(slot, open, entry.attributes, flags)
    case .open(let slot, let place, let flags):
      guard slots[slot] == nil else { return nil }
      let flags = OpenFlags(rawValue: flags)
      let inode = try await inode(place)
      let kind = try await files.attributes(of: inode, handle: nil).attributes.kind
      guard kind == .regular else { return nil }
      let open = try await files.open(inode, flags)
      let attributes = try await files.attributes(of: inode, handle: open.handle).attributes
      return took(slot, open, attributes, flags)
    case .makeTemporary(let slot, let place, let permissions):
      guard slots[slot] == nil else { return nil }
      let flags: OpenFlags = [.read, .write]
      let (entry, open) = try await files.createTemporary(
        in: inode(place), permissions: permissions, caller: Self.root, flags)
      let reply = took(slot, open, entry.attributes, flags)
      slots[slot]?.isTemporary = true
      return reply
    default:
      return nil
    }
  }

  private func kind(
    of name: FileName, in parent: InodeNumber
  ) async throws(FileSystemError) -> FileKind? {
    do throws(FileSystemError) {
      return try await files.lookup(name, in: parent).attributes.kind
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
      return nil
    }
  }

  private func took(
    _ slot: Int, _ open: OpenReply, _ attributes: FileAttributes, _ flags: OpenFlags
  ) -> Reply {
    slots[slot] = Slot(handle: open.handle, inode: attributes.inode, flags: flags)
    return Reply(attributes: attributes)
  }

  func use(_ operation: Operation) async throws(FileSystemError) -> Reply? {
    switch operation {
    case .read(let slot, let offset, let count):
      guard let open = slots[slot], open.flags.contains(.read) else { return nil }
      return Reply(bytes: try await files.read(open.handle, at: offset, count: count))
    case .write(let slot, let offset, let count, let fill, let isPage):
      guard let open = slots[slot], open.flags.contains(.write) else { return nil }
      let bytes = Self.pattern(count, fill)
      let appends = open.flags.contains(.append) && !isPage
      try write(bytes, at: offset, to: open.handle, appends: appends)
      return Reply(
        attributes: try await files.attributes(of: open.inode, handle: open.handle).attributes)
    case .allocate(let slot, let range, let allocated):
      guard let open = slots[slot], open.flags.contains(.write) else { return nil }
      try files.allocate(open.handle, range, allocated.allocation)
      return Reply()
    case .seek(let slot, let offset, let isData):
      guard let open = slots[slot] else { return nil }
      return Reply(number: try files.seek(open.handle, from: offset, to: isData ? .data : .hole))
    case .copy(let source, let offset, let target, let targetOffset, let count):
      guard let from = slots[source], from.flags.contains(.read),
        let to = slots[target], to.flags.contains(.write), !to.flags.contains(.append),
        from.inode != to.inode || abs(offset - targetOffset) >= count
      else { return nil }
      return Reply(
        number: try await files.copyRange(
          from: from.handle, at: offset, to: to.handle, at: targetOffset, count: count))
    case .flush(let slot):
      guard let open = slots[slot] else { return nil }
      try await files.flush(open.handle)
    case .synchronize(let slot):
      guard let open = slots[slot] else { return nil }
      try await files.synchronize(open.handle, dataOnly: false)
    case .close(let slot):
      guard let open = slots[slot] else { return nil }
      slots[slot] = nil
      defer { files.release(open.handle) }
      try await files.flush(open.handle)
    default:
      return nil
    }
    return Reply()
  }

  private func write(
    _ bytes: [UInt8], at offset: Int64, to handle: FileHandle, appends: Bool
  ) throws(FileSystemError) {
    let outcome = unsafe bytes.withUnsafeBytes { buffer in
      Result { () throws(FileSystemError) in
        try unsafe files.write(handle, at: offset, buffer, appends: appends)
      }
    }
    try outcome.get()
  }

  /// Bytes of which none is zero and no two blocks of 256 are alike.
  static func pattern(_ count: Int, _ fill: UInt8) -> [UInt8] {
    var bytes = [UInt8](repeating: fill | 1, count: count)
    for block in 0..<count / 256 { bytes[block * 256] = 1 | UInt8(truncatingIfNeeded: block) }
    return bytes
  }

  /// All bytes of a file.
  func content(of inode: InodeNumber) async throws(FileSystemError) -> [UInt8] {
    let open = try await files.open(inode, [.read])
    defer { files.release(open.handle) }
    var bytes: [UInt8] = []
    while true {
      let part = try await files.read(open.handle, at: Int64(bytes.count), count: 128 << 10)
      if part.isEmpty { return bytes }
      bytes += part
    }
  }
}
