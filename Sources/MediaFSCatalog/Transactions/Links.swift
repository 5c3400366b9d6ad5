package import MediaFSCore
package import ObjectStorage
import SystemPackage

/// Two inodes that were found to be one: what became of the one that is no more.
package struct Union: Sendable {
  /// As it was.
  package var absorbed: InodeRecord
  package var survivor: InodeNumber
  /// The names that the survivor got.
  package var names: [(name: FileName, parent: InodeNumber)]
}

extension Catalog {
  /// As ext4 has it.
  package static let maximumLinks: UInt32 = 65_000

  /// Gives an inode another name (link(2)). One without any gets its first: every byte of it must
  /// be here, since what the store had of a file that was deleted is being deleted.
  package func link(
    _ inode: InodeNumber, to name: FileName, in parent: InodeNumber, at now: Timestamp
  ) throws(CatalogError) -> InodeRecord {
    try write { database in
      let record = try database.require(inode)
      _ = try database.requireDirectory(parent)
      guard try database.child(name, of: parent) == nil else {
        throw CatalogError.rule(.fileExists)
      }
      guard record.kind != .directory else { throw CatalogError.rule(.notPermitted) }
      guard record.linkCount < Self.maximumLinks else { throw CatalogError.rule(.tooManyLinks) }
      guard try record.linkCount > 0 || database.isWhole(record) else {
        throw CatalogError.rule(.noSuchFileOrDirectory)
      }
      try database.run(
        "INSERT INTO entry (parent, name, inode) VALUES (?, ?, ?)",
        [parent.value, name.text, inode.value])
      // How many names there are is said by the objects of all of them.
      let group = "\(String(generation, radix: 16)).\(inode)"
      try database.run(
        """
        UPDATE inode SET links = links + 1, changed = ?,
          attribute_version = attribute_version + ?, link_group = coalesce(link_group, ?)
        WHERE id = ?
        """,
        [
          now.nanosecondsSinceEpoch, record.linkCount > 0,
          record.linkCount > 0 ? group : nil, inode.value,
        ])
      try database.touch(directory: parent, at: now)
      try database.enqueue(inode, at: now, schedule)
      return try database.require(inode)
    }
  }

  /// An inode with all its names and objects.
  package func placement(of inode: InodeNumber) throws(CatalogError) -> Placement? {
    try read { try $0.placement(of: inode) }
  }

  /// Whether others may be the same inode as this one.
  package func hasRelatives(_ record: InodeRecord) throws(CatalogError) -> Bool {
    guard let group = record.linkGroup else { return false }
    return try read { database in
      try database.exists(
        "SELECT 1 FROM inode WHERE link_group = ? AND id != ?", [group, record.number.value])
    }
  }

  /// Makes one inode of all that are names of one according to their objects, and have the same
  /// state. What was changed here and is not in the store yet, or is open, is not absorbed.
  package func unite(
    _ inode: InodeNumber, at now: Timestamp, isOpen: (InodeNumber) -> Bool
  ) throws(CatalogError) -> [Union] {
    try write { database in
      guard var current = try database.inode(inode), let group = current.linkGroup else {
        return []
      }
      let relatives = try database.rows(
        """
        SELECT \(InodeColumns.all) FROM inode WHERE link_group = ? AND id != ? ORDER BY id
        """, [group, inode.value]
      ).map(InodeRecord.init(row:))
      var unions: [Union] = []
      for other in relatives where isSame(current, other) {
        let pair = Self.ordered(current, other, isOpen: isOpen)
        guard let (survivor, absorbed) = pair else { continue }
        unions.append(try absorb(absorbed, into: survivor, at: now, database))
        current = try database.require(survivor.number)
      }
      return unions
    }
  }

  /// Other tools keep metadata that they do not know when they write an object, so the words alone
  /// do not make two objects one.
  private func isSame(_ one: InodeRecord, _ other: InodeRecord) -> Bool {
    func isSettled(_ record: InodeRecord) -> Bool {
      !record.isContentDirty && !record.isAttributeDirty && !record.isWriting
        && record.attributesKnown && record.object != nil && record.linkCount > 0
    }
    return isSettled(one) && isSettled(other) && one.kind == other.kind
      && one.kind != .directory && one.size == other.size && one.owner == other.owner
      && one.permissions == other.permissions && one.modified == other.modified
      && one.device == other.device && one.target == other.target
      && one.committedState(generation: generation) == other.committedState(generation: generation)
  }

  /// Who stays, and who goes: an open one stays, else one whose bytes are here, else the older.
  private static func ordered(
    _ one: InodeRecord, _ other: InodeRecord, isOpen: (InodeNumber) -> Bool
  ) -> (survivor: InodeRecord, absorbed: InodeRecord)? {
    func rank(_ record: InodeRecord) -> (Int, Int, Int64) {
      (
        isOpen(record.number) ? 0 : 1, record.content == .none ? 1 : 0, record.number.value
      )
    }
    let pair = rank(one) < rank(other) ? (one, other) : (other, one)
    return isOpen(pair.1.number) ? nil : pair
  }

  private func absorb(
    _ absorbed: InodeRecord, into survivor: InodeRecord, at now: Timestamp, _ database: Connection
  ) throws -> Union {
    let (number, old) = (survivor.number.value, absorbed.number.value)
    let names = try database.rows("SELECT name, parent FROM entry WHERE inode = ?", [old])
      .compactMap { row in FileName(row[0]).map { ($0, InodeNumber(row[1])) } }
    try database.run("UPDATE entry SET inode = ? WHERE inode = ?", [number, old])
    try database.run(
      """
      UPDATE alias SET inode = ?, version = iif(version = ?, ?, ?),
        attribute_version = iif(attribute_version = ?, ?, ?) WHERE inode = ?
      """,
      [
        number, absorbed.version, survivor.version, AliasRecord.unknownVersion,
        absorbed.attributeVersion, survivor.attributeVersion, AliasRecord.unknownVersion, old,
      ])
    if let object = absorbed.object {
      let alias = AliasRecord(
        object: object, version: survivor.version, attributeVersion: survivor.attributeVersion,
        committedAt: absorbed.committedAt)
      try database.put(alias, of: survivor.number)
    }
    try database.run(
      """
      UPDATE inode SET links = max(links, ?, (SELECT count(*) FROM entry WHERE inode = inode.id)),
        changed = max(changed, ?) WHERE id = ?
      """, [absorbed.linkCount, absorbed.changed.nanosecondsSinceEpoch, number])
    if try database.exists("SELECT 1 FROM journal WHERE inode = ?", [old]) {
      try database.run("DELETE FROM journal WHERE inode = ?", [old])
      try database.enqueue(survivor.number, at: now, schedule)
    }
    let counted = try Self.counted(absorbed, database)
    try database.erase(absorbed)
    return Union(absorbed: counted, survivor: survivor.number, names: names)
  }
}
