import MediaFSCore
import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage

/// What an operation answered, as far as two filesystems can be compared.
struct Reply {
  var errno: Errno?
  var attributes: FileAttributes?
  var bytes: [UInt8]?
  var text: String?
  var names: [Name]?
  var number: Int64?

  struct Name: Hashable, Comparable {
    /// In UTF-8: as String, two forms of a letter would be one name.
    var name: [UInt8]
    /// `nil` where it is not told.
    var kind: FileKind?

    static func < (left: Name, right: Name) -> Bool {
      left.name.lexicographicallyPrecedes(right.name)
    }
  }
}

/// A filesystem under test or the model, as one process with descriptors sees it.
final class Side {
  struct Slot {
    var handle: FileHandle
    var inode: InodeNumber
    var flags: OpenFlags
    /// Made without a name and without one yet.
    var isTemporary = false
  }

  static let slotCount = 4

  var files: any FileSystem
  var slots = [Slot?](repeating: nil, count: slotCount)

  init(_ files: any FileSystem) {
    self.files = files
  }

  /// Carries out an operation; one that is not open, or that the kernel would not let through,
  /// answers `nil`.
  func perform(_ operation: Operation) async -> Reply? {
    do throws(FileSystemError) {
      return try await reply(operation)
    } catch {
      return Reply(errno: error.errno)
    }
  }

  private func reply(_ operation: Operation) async throws(FileSystemError) -> Reply? {
    switch operation {
    case .look, .list, .makeDirectory, .removeDirectory, .unlink, .rename, .makeSymbolicLink,
      .readSymbolicLink, .makeNode, .link:
      return try await changeNames(operation)
    case .linkOpen(let slot, let place):
      guard let open = slots[slot] else { return nil }
      let (parent, name) = try await self.place(place)
      // The kernel gives no name to what has lost its last one.
      let links = try await files.attributes(of: open.inode, handle: nil).attributes.linkCount
      guard links > 0 || open.isTemporary else { return nil }
      let entry = try await files.link(open.inode, to: name, in: parent)
      slots[slot]?.isTemporary = false
      return reply(entry)
    case .setAttributes, .resizeOpen, .setExtended, .getExtended, .listExtended, .removeExtended:
      return try await changeAttributes(operation)
    case .create, .open, .makeTemporary:
      return try await open(operation)
    case .read, .write, .allocate, .seek, .copy, .flush, .synchronize, .close:
      return try await use(operation)
    case .event:
      return nil
    }
  }

  // MARK: Names

  func name(_ text: String) throws(FileSystemError) -> FileName {
    guard let name = FileName(text) else {
      throw FileSystemError(.fileNameTooLong, "lookup", text)
    }
    return name
  }

  func inode(_ path: ArraySlice<String>) async throws(FileSystemError) -> InodeNumber {
    var inode = InodeNumber.root
    for part in path {
      inode = try await files.lookup(name(part), in: inode).attributes.inode
    }
    return inode
  }

  func inode(_ place: Operation.Place) async throws(FileSystemError) -> InodeNumber {
    try await inode(place[...])
  }

  private func place(
    _ place: Operation.Place
  ) async throws(FileSystemError) -> (InodeNumber, FileName) {
    (try await inode(place.dropLast()), try name(place.last ?? ""))
  }

  private func reply(_ entry: Entry) -> Reply {
    Reply(attributes: entry.attributes)
  }

  private func changeNames(_ operation: Operation) async throws(FileSystemError) -> Reply? {
    switch operation {
    case .look(let place):
      return Reply(
        attributes: try await files.attributes(of: inode(place), handle: nil).attributes)
    case .list(let place, let page):
      return Reply(names: try await names(of: inode(place), page: page))
    case .makeDirectory(let place, let permissions, let owner, let umask):
      let (parent, name) = try await self.place(place)
      return reply(
        try await files.makeDirectory(
          name, in: parent, permissions: permissions, caller: Caller(owner: owner, umask: umask)))
    case .removeDirectory(let place):
      let (parent, name) = try await self.place(place)
      try await files.removeDirectory(name, in: parent)
    case .unlink(let place):
      let (parent, name) = try await self.place(place)
      try await files.unlink(name, in: parent)
    case .rename(let old, let new, let mode):
      let (parent, name) = try await place(old)
      let (newParent, newName) = try await place(new)
      try await files.rename(name, in: parent, to: newName, in: newParent, mode: mode.mode)
    case .makeSymbolicLink(let place, let target):
      let (parent, name) = try await self.place(place)
      return reply(
        try await files.makeSymbolicLink(name, in: parent, target: target, caller: Self.root))
    case .readSymbolicLink(let place):
      return Reply(text: try await files.readSymbolicLink(inode(place)))
    case .makeNode(let place, let kind, let permissions, let device):
      let (parent, name) = try await self.place(place)
      return reply(
        try await files.makeNode(
          name, in: parent, kind: kind, permissions: permissions, device: device,
          caller: Self.root))
    case .link(let old, let new):
      let inode = try await inode(old)
      let (parent, name) = try await place(new)
      return reply(try await files.link(inode, to: name, in: parent))
    default:
      return nil
    }
    return Reply()
  }

  static let root = Caller(owner: Owner(user: 0, group: 0))

  /// - Parameter page: entries taken by one call.
  func names(of inode: InodeNumber, page: Int) async throws(FileSystemError) -> [Reply.Name] {
    let handle = try await files.openDirectory(inode).handle
    defer { files.releaseDirectory(handle) }
    var names: [Reply.Name] = []
    var offset: Int64 = 0
    while true {
      var count = 0
      try files.readDirectory(handle, after: offset) { entry in
        guard count < page else { return false }
        count += 1
        offset = entry.nextOffset
        names.append(Reply.Name(name: Array(entry.name.utf8), kind: entry.kind))
        return true
      }
      if count == 0 { return names.sorted() }
    }
  }

  // MARK: Attributes

  private func changeAttributes(_ operation: Operation) async throws(FileSystemError) -> Reply? {
    switch operation {
    case .setAttributes(let place, let changes):
      let inode = try await inode(place)
      let kind = try await files.attributes(of: inode, handle: nil).attributes.kind
      // The kernel lets neither through.
      if changes.size != nil, kind != .regular { return nil }
      if changes.permissions != nil, kind == .symbolicLink { return nil }
      let reply = try await files.setAttributes(of: inode, changes, handle: nil)
      return Reply(attributes: reply.attributes)
    case .resizeOpen(let slot, let size):
      guard let open = slots[slot], open.flags.contains(.write) else { return nil }
      let reply = try await files.setAttributes(
        of: open.inode, AttributeChanges(size: size), handle: open.handle)
      return Reply(attributes: reply.attributes)
    case .setExtended(let place, let name, let count, let setting):
      let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ count) }
      try await files.setExtendedAttribute(
        name, of: inode(place), to: value, setting.setting)
      return Reply()
    case .getExtended(let place, let name):
      return Reply(bytes: try await files.extendedAttribute(name, of: inode(place)))
    case .listExtended(let place):
      let names = try await files.extendedAttributes(of: inode(place))
      return Reply(names: names.map { Reply.Name(name: Array($0.utf8)) }.sorted())
    case .removeExtended(let place, let name):
      try await files.removeExtendedAttribute(name, of: inode(place))
      return Reply()
    default:
      return nil
    }
  }
}
