package import MediaFSCore
package import ObjectStorage

extension Catalog {
  /// Makes a file without a name (`O_TMPFILE`). Nothing is queued for it: the store gets it with
  /// its first name, and the next start erases what had none when the daemon died.
  ///
  /// - Parameter parent: the directory that it was asked for in, which must be one.
  package func createTemporary(
    _ new: NewInode, in parent: InodeNumber, at now: Timestamp
  ) throws(CatalogError) -> InodeRecord {
    try write { database in
      _ = try database.requireDirectory(parent)
      let time = now.nanosecondsSinceEpoch
      try database.run(
        """
        INSERT INTO inode (kind, permissions, uid, gid, links, accessed, modified, changed,
          attributes_known, attributes_chosen, version, attribute_version)
        VALUES (?, ?, ?, ?, 0, ?, ?, ?, 1, ?, 1, 1)
        """,
        [
          new.kind.rawValue, new.permissions, new.owner.user, new.owner.group, time, time, time,
          new.attributesChosen,
        ])
      let number = InodeNumber(database.lastInsertedRowID)
      try database.insert(new.extended, of: number)
      return try database.require(number)
    }
  }
}
