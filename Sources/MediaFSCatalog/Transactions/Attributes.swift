package import MediaFSCore
package import ObjectStorage
import SystemPackage

/// Attributes read from an object's metadata.
package struct LearnedAttributes: Sendable {
  package var kind: FileKind
  package var permissions: UInt32
  package var owner: Owner
  package var accessed: Timestamp
  package var modified: Timestamp
  package var changed: Timestamp
  package var device: UInt64
  /// Of a symbolic link.
  package var target: String?
  package var extended: ExtendedAttributes
  /// The object beside that they were read from.
  package var sideKey: ObjectKey?
  /// What binds it to other names of the same inode.
  package var link: LinkGroup?

  package init(
    kind: FileKind, permissions: UInt32, owner: Owner, accessed: Timestamp, modified: Timestamp,
    changed: Timestamp, device: UInt64 = 0, target: String? = nil,
    extended: ExtendedAttributes = ExtendedAttributes(), sideKey: ObjectKey? = nil,
    link: LinkGroup? = nil
  ) {
    self.kind = kind
    self.permissions = permissions
    self.owner = owner
    self.accessed = accessed
    self.modified = modified
    self.changed = changed
    self.device = device
    self.target = target
    self.extended = extended
    self.sideKey = sideKey
    self.link = link
  }
}

extension Catalog {
  /// Changes mode, owner and times; the size is ``truncate(_:content:to:at:)``'s. Costs the store
  /// one copy, or nothing where the content goes up anyway.
  package func setAttributes(
    of inode: InodeNumber, _ changes: AttributeChanges, at now: Timestamp
  ) throws(CatalogError) -> InodeRecord {
    try write { database in
      _ = try database.require(inode)
      func time(_ change: AttributeChanges.Time?) -> Int64? {
        switch change {
        case .now: now.nanosecondsSinceEpoch
        case .at(let time): time.nanosecondsSinceEpoch
        case nil: nil
        }
      }
      try database.run(
        """
        UPDATE inode SET
          permissions = coalesce(?, permissions), uid = coalesce(?, uid), gid = coalesce(?, gid),
          accessed = coalesce(?, accessed), modified = coalesce(?, modified), changed = ?,
          attribute_version = attribute_version + 1, attributes_chosen = 1
        WHERE id = ?
        """,
        [
          changes.permissions, changes.user, changes.group, time(changes.accessed),
          time(changes.modified), now.nanosecondsSinceEpoch, inode.value,
        ])
      if let permissions = changes.permissions {
        try Self.follow(permissions, listOf: inode, database)
      }
      let record = try database.require(inode)
      if record.linkCount > 0 { try database.enqueue(inode, at: now, schedule) }
      return record
    }
  }

  /// Notes that an inode was read. Nothing that the store has to hear of now; the time goes along
  /// with the next change.
  package func noteAccess(
    to inode: InodeNumber, at now: Timestamp
  ) throws(CatalogError) {
    try write { database in
      try database.run(
        "UPDATE inode SET accessed = ? WHERE id = ?", [now.nanosecondsSinceEpoch, inode.value])
    }
  }

  /// The access control list of an inode says what its new mode says.
  private static func follow(
    _ permissions: UInt32, listOf inode: InodeNumber, _ database: Connection
  ) throws {
    guard let value = try database.extendedAttribute(.accessList, of: inode),
      let list = try? AccessControlList.decode(value)
    else { return }
    let following = list.following(permissions)
    guard following != list else { return }
    try database.set(.accessList, of: inode, to: following.encode())
    try database.run(
      "UPDATE inode SET extended_version = attribute_version WHERE id = ?", [inode.value])
  }

  /// Remembers what the metadata of the object version `etag` says. Does nothing when the inode
  /// has meanwhile changed here, or its object is another version now.
  ///
  /// - Parameter etag: `nil` when there is no object (a directory without a marker): the
  ///   attributes are the mount's defaults.
  package func learn(
    _ attributes: LearnedAttributes, of inode: InodeNumber, etag: ETag?
  ) throws(CatalogError) {
    try write { database in
      guard let record = try database.inode(inode), !record.attributesKnown,
        record.object?.etag == etag || record.kind == .directory
      else { return }
      try database.run(
        """
        UPDATE inode SET kind = ?, permissions = ?, uid = ?, gid = ?, accessed = ?, modified = ?,
          changed = ?, device = ?, target = ?, attributes_known = 1, attributes_chosen = ?,
          side_key = ?, extended_version = 0
        WHERE id = ?
        """,
        [
          attributes.kind.rawValue, attributes.permissions, attributes.owner.user,
          attributes.owner.group, attributes.accessed.nanosecondsSinceEpoch,
          attributes.modified.nanosecondsSinceEpoch, attributes.changed.nanosecondsSinceEpoch,
          Int64(bitPattern: attributes.device), attributes.target, etag != nil,
          attributes.sideKey?.text, inode.value,
        ])
      try database.run("DELETE FROM attribute WHERE inode = ?", [inode.value])
      try database.insert(attributes.extended, of: inode)
      if let link = attributes.link, attributes.kind != .directory {
        try database.run(
          """
          UPDATE inode SET link_group = ?, link_state = ?,
            links = max(?, (SELECT count(*) FROM entry WHERE inode = inode.id))
          WHERE id = ?
          """,
          [link.name, link.state, link.count, inode.value])
      }
      if let target = attributes.target {
        // Nothing of a symbolic link is fetched any more: its object was its target.
        try database.run(
          "UPDATE inode SET size = ?, base_size = 0 WHERE id = ?",
          [target.utf8.count, inode.value])
      }
    }
  }

  /// Inodes of a directory whose attributes nobody has read yet, files first.
  package func unknownAttributes(
    in directory: InodeNumber, limit: Int
  ) throws(CatalogError) -> [InodeRecord] {
    try read { database in
      try database.rows(
        """
        SELECT \(InodeColumns.all) FROM entry INDEXED BY entry_parent
          JOIN inode ON inode.id = entry.inode
        WHERE entry.parent = ? AND NOT inode.attributes_known ORDER BY entry.id LIMIT ?
        """, [directory.value, limit]
      ).map(InodeRecord.init(row:))
    }
  }
}
