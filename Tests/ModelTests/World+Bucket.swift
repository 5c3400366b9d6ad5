import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage

/// The bucket, and what is left on the disk, when everything has come to rest.
extension World {
  /// Objects of somebody else, outside the namespace but near it.
  private static let foreign = ["ns", "n/s", "ns-x/y", "ns0", "other/ns/a", "a"]

  func putForeignObjects() async throws {
    for text in Self.foreign {
      _ = try await network.store.put(
        ObjectKey(text), BytesSource(Array(text.utf8)), headers: ObjectHeaders(),
        condition: .none)
    }
  }

  /// Everything that was decided comes to pass, and the bucket is what the model says.
  func settle() async throws {
    closeAll(releasing: true)
    try await drain()
    try await pass(settings.deleteDelay + Self.temporaryLife)
    try await drain()
    try await deleteUnreferred()
    try await compareBucket()
    try checkLeftovers()
  }

  /// What was announced for a while, and is not referred to because who had announced it died, goes
  /// in its time: in an hour after the last attempt, or in a day. Here it goes now, since each
  /// simulated hour is more looks at the journal than there is time for.
  func deleteUnreferred() async throws {
    let (catalog, keySpace) = (volume.context.catalog, volume.context.keySpace)
    for key in network.store.keys where keySpace.isReserved(key) {
      guard let tombstone = try catalog.tombstone(at: key), tombstone.etag == nil else { continue }
      try await network.store.delete(key)
    }
  }

  /// What is left to explain, and what the objects of inodes with several names say of them.
  private struct Unexplained {
    var keys: Set<ObjectKey>
    var groups: [InodeNumber: LinkGroup] = [:]
  }

  private func compareBucket() async throws {
    var rest = Unexplained(keys: Set(network.store.keys))
    for text in Self.foreign {
      guard same(network.store.bytes(of: ObjectKey(text)), Array(text.utf8)) else {
        throw Discrepancy("foreign: the object \(text) outside the namespace was changed")
      }
      rest.keys.remove(ObjectKey(text))
    }
    let outside = network.keys.filter { !$0.hasPrefix(Settings.prefix) }
    guard outside.isEmpty else {
      throw Discrepancy("outside: \(outside) are outside the namespace")
    }
    try await compareObjects(.root, Settings.prefix, &rest)
    guard rest.keys.isEmpty else {
      throw Discrepancy("leftover: the bucket holds \(rest.keys.map(\.text).sorted()) as well")
    }
    guard Set(rest.groups.values.map(\.name)).count == rest.groups.count else {
      throw Discrepancy("group: several inodes are one group: \(rest.groups)")
    }
    let uploads = try await network.store.listUploads(prefix: "")
    guard uploads.isEmpty else { throw Discrepancy("unfinished uploads: \(uploads)") }
  }

  private func compareObjects(
    _ directory: InodeNumber, _ prefix: String, _ rest: inout Unexplained
  ) async throws {
    for (name, number) in try model.tree.children(of: directory) {
      let node = try model.tree.node(number)
      let isDirectory = node.attributes.kind == .directory
      let key = ObjectKey(prefix + name.text + (isDirectory ? "/" : ""))
      let isThere = rest.keys.remove(key) != nil
      if isDirectory {
        try await compareObjects(number, key.text, &rest)
        if isThere {
          try await compareObject(key, node, &rest)
        } else {
          try checkUnmarked(key, node)
        }
      } else {
        guard isThere else { throw Discrepancy("missing: \(key) is missing in the bucket") }
        try await compareObject(key, node, &rest)
      }
    }
  }

  /// Without a marker, a directory is what its entries and the mount's defaults make of it.
  private func checkUnmarked(_ key: ObjectKey, _ node: MemoryTree.Node) throws {
    guard node.children?.isEmpty == false, node.attributes.permissions == 0o755,
      node.attributes.owner == Owner(user: 0, group: 0), node.extended.isEmpty
    else { throw Discrepancy("marker: the marker \(key) is missing in the bucket") }
  }

  private func compareObject(
    _ key: ObjectKey, _ node: MemoryTree.Node, _ rest: inout Unexplained
  ) async throws {
    let info = try await network.store.head(key)
    let bytes =
      switch node.content {
      case .bytes(let bytes): bytes
      case .target(let target): Array(target.utf8)
      case .children, .none: [UInt8]()
      }
    guard same(network.store.bytes(of: key), bytes) else {
      throw Discrepancy(
        "body: \(key) has \(info.size) bytes, other ones than the file's \(bytes.count)")
    }
    let stored = StoredAttributes.decode(
      metadata: info.headers.metadata, isMarker: node.attributes.kind == .directory,
      lastModified: info.lastModified,
      defaults: StoredAttributes.Defaults(
        owner: Owner(user: 9, group: 9), fileMode: 0, directoryMode: 0))
    let attributes = node.attributes
    guard stored.kind == attributes.kind, stored.permissions == attributes.permissions,
      stored.owner == attributes.owner, stored.device == attributes.device,
      stored.modified == attributes.modified || attributes.kind == .directory
    else { throw Discrepancy("metadata: \(key) says \(stored) instead of \(attributes)") }
    try compareExtended(stored, key, node, &rest)
    if attributes.kind != .directory {
      try compareGroup(LinkGroup(metadata: info.headers.metadata), key, node, &rest)
    }
  }

  private func compareExtended(
    _ stored: StoredAttributes, _ key: ObjectKey, _ node: MemoryTree.Node,
    _ rest: inout Unexplained
  ) throws {
    var extended = stored.extended
    if let side = stored.side {
      // Several objects of one inode refer to the same one.
      let place = volume.context.keySpace.key(of: side)
      rest.keys.remove(place)
      guard let bytes = network.store.bytes(of: place),
        let held = ExtendedAttributes(text: String(decoding: bytes, as: UTF8.self))
      else { throw Discrepancy("side: \(place), to which \(key) refers, tells nothing") }
      extended = held
    }
    let found = Dictionary(
      uniqueKeysWithValues: extended.values.map { (Array($0.key.text.utf8), $0.value) })
    guard found == node.extended else {
      throw Discrepancy("extended: \(key) has other attributes: \(extended.names)")
    }
  }

  /// Another host has to find all names of an inode, and none that is not.
  private func compareGroup(
    _ group: LinkGroup?, _ key: ObjectKey, _ node: MemoryTree.Node, _ rest: inout Unexplained
  ) throws {
    let (inode, links) = (node.attributes.inode, node.attributes.linkCount)
    guard group?.count ?? 1 == links else {
      throw Discrepancy("group: \(key) tells of \(group?.count ?? 1) names instead of \(links)")
    }
    if let known = rest.groups[inode], known != group {
      throw Discrepancy("group: \(key) is of \(String(describing: group)) instead of \(known)")
    }
    rest.groups[inode] = group
  }

  private func checkLeftovers() throws {
    let status = try volume.status()
    guard status.uploads.waiting.files == 0, status.deletes.waiting.files == 0,
      status.parked.isEmpty, status.dirty.files == 0
    else { throw Discrepancy("queue: something is still queued: \(status)") }
    let conflicts = volume.context.statistics.conflicts.count
    guard conflicts == 0 else { throw Discrepancy("conflict: \(conflicts) conflicts with nobody") }
    let catalog = volume.context.catalog
    let (used, counted) = (volume.context.space.account.used, try catalog.usage())
    guard used == counted else {
      throw Discrepancy("account: the cache's account says \(used) bytes, the catalog \(counted)")
    }
    for content in disk.contents where try catalog.owner(of: content) == nil {
      throw Discrepancy("stray: content file \(content) belongs to nothing")
    }
    // A power cut leaves content files of which the catalog never knew.
    guard disk.quarantineCount == 0 || cuts > 0 else {
      throw Discrepancy("stray: something is in the quarantine")
    }
  }
}
