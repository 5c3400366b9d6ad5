package import MediaFSCore
package import ObjectStorage
import SystemPackage

/// What the catalog does about others who were first at a key of ours.
extension Catalog {
  /// The object at a key of an inode is gone from the store. Another one that holds the same bytes
  /// takes its place, or what is here goes up anew.
  ///
  /// Returns false when neither is possible.
  package func forgetObject(
    at key: ObjectKey, of inode: InodeNumber, at now: Timestamp
  ) throws(CatalogError) -> Bool {
    try write { database in
      guard let record = try database.inode(inode) else { return true }
      return try database.lose(key, of: record, at: now, schedule)
    }
  }

  /// What is not here of an inode is gone with its object, and can be had nowhere.
  package func loseBase(
    of inode: InodeNumber, at key: ObjectKey
  ) throws(CatalogError) {
    try write { database in
      guard try database.inode(inode)?.object?.key == key else { return }
      try database.loseBase(of: inode)
    }
  }

  /// Somebody else was first at the key of one name of an inode: the local version gets another
  /// name beside it, and the directory is listed anew, which brings the other one in. What is here
  /// stays; what of the replaced version is not here is gone with it, so that an inode that is not
  /// whole has no object from then on.
  ///
  /// - Parameter key: where the other one is. Objects of ours at other keys stay ours.
  package func setAside(
    _ inode: InodeNumber, _ name: FileName, in parent: InodeNumber, as newName: FileName,
    from key: ObjectKey, at now: Timestamp
  ) throws(CatalogError) {
    try write { database in
      guard let record = try database.child(name, of: parent), record.number == inode else {
        return
      }
      try database.run(
        "UPDATE entry SET name = ? WHERE parent = ? AND name = ?",
        [newName.text, parent.value, name.text])
      if try !database.lose(key, of: record, at: now, schedule) {
        try database.loseBase(of: inode)
      }
      try database.run(
        "UPDATE inode SET changed = ? WHERE id = ?", [now.nanosecondsSinceEpoch, inode.value])
      try database.listAnew(parent)
      try database.enqueue(inode, at: now, schedule)
    }
  }

  /// The store's version of the attributes wins: ours are forgotten, and read anew.
  ///
  /// - Parameter key: where the other version is. Of an inode with several names, that name goes,
  ///   and comes back as whatever is there now.
  /// - Returns: whether the name is gone.
  package func yieldAttributes(
    _ inode: InodeNumber, _ name: FileName, in parent: InodeNumber, to key: ObjectKey,
    at now: Timestamp
  ) throws(CatalogError) -> Bool {
    try write { database in
      guard let record = try database.inode(inode) else { return false }
      try database.listAnew(parent)
      if try database.child(name, of: parent)?.number == inode,
        try database.nameCount(of: inode) > 1, try database.lose(key, of: record, at: now, schedule)
      {
        try database.run(
          "DELETE FROM entry WHERE parent = ? AND name = ?", [parent.value, name.text])
        try database.loseName(of: record, at: now, schedule, key: nil, deleteDue: nil)
        return true
      }
      try database.run(
        """
        UPDATE inode SET committed_attribute_version = attribute_version, committed_at = 0
        WHERE id = ?
        """, [inode.value])
      return false
    }
  }
}

extension Connection {
  fileprivate func loseBase(of inode: InodeNumber) throws {
    try run(
      """
      UPDATE inode SET object_key = NULL, object_etag = NULL, object_size = 0, side_key = NULL
      WHERE id = ?
      """, [inode.value])
  }
}
