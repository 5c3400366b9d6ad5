import GRDB
package import MediaFSCore
package import ObjectStorage

/// What the store has confirmed.
package struct Commit: Sendable {
  package var inode: InodeNumber
  package var object: StoredObject
  /// The content that the object holds, and the attributes that its metadata holds.
  package var version: Int64
  package var attributeVersion: Int64
  /// The object beside that its metadata refers to.
  package var sideKey: ObjectKey?

  package init(
    inode: InodeNumber, object: StoredObject, version: Int64, attributeVersion: Int64,
    sideKey: ObjectKey? = nil
  ) {
    self.inode = inode
    self.object = object
    self.version = version
    self.attributeVersion = attributeVersion
    self.sideKey = sideKey
  }
}

extension Catalog {
  /// Records a verified object as the committed state of an inode, and buries the object it
  /// replaces at another key. The journal row stays until ``finish(_:path:at:)``.
  ///
  /// Returns the inode as it is now; `nil` when it was deleted meanwhile: the object just written
  /// is then buried.
  package func commit(_ commit: Commit, at now: Timestamp) throws(CatalogError) -> InodeRecord? {
    try write { database in
      let key = commit.object.key.text
      // Whatever was to be deleted at this key has been overwritten.
      try database.burySide(ofBuried: commit.object.key, at: now)
      try database.run("DELETE FROM tombstone WHERE key = ?", [key])
      guard let before = try database.inode(commit.inode), before.linkCount > 0 else {
        try database.bury(commit.object, side: commit.sideKey, at: now, due: now)
        return nil
      }
      try database.exchangeSide(of: before, for: commit.sideKey, at: now)
      if let old = before.object, old.key != commit.object.key {
        try database.bury(old, at: now, due: now)
      }
      try database.run(
        """
        UPDATE inode SET object_key = ?, object_etag = ?, object_size = ?, committed_version = ?,
          committed_attribute_version = ?, committed_at = ?, side_key = ? WHERE id = ?
        """,
        [
          key, commit.object.etag.text, commit.object.size, commit.version,
          commit.attributeVersion, now.nanosecondsSinceEpoch, commit.sideKey?.text,
          commit.inode.value,
        ])
      let after = try database.require(commit.inode)
      if !after.isContentDirty, after.kind == .regular, before.isContentDirty {
        try Self.becomeClean(after, at: now, database)
      }
      try database.run("DELETE FROM upload WHERE inode = ?", [commit.inode.value])
      try database.run("DELETE FROM part WHERE inode = ?", [commit.inode.value])
      return try database.require(commit.inode)
    }
  }

  /// All of a file that was just uploaded is the object's: what is here can be evicted and fetched
  /// again. What was not here was copied from the old object by the store, and still is not.
  private static func becomeClean(
    _ record: InodeRecord, at now: Timestamp, _ database: Database
  ) throws {
    try database.run(
      "UPDATE inode SET base_size = object_size WHERE id = ?", [record.number.value])
    try database.run("DELETE FROM change WHERE content = ?", [record.content.value])
    let own = min(record.baseSize, record.size)..<record.size
    guard !own.isEmpty else { return }
    let segments = Segment.covering(own)
    let first = segments.lowerBound * Segment.length
    var present = ByteRangeSet(own)
    for row in try database.rows(
      "SELECT start, end FROM extent WHERE content = ? AND start >= ? AND start < ?",
      [record.content.value, first, own.lowerBound])
    {
      let start: Int64 = row[0]
      present.insert(start..<max(start, row[1]))
    }
    try replaceExtents(
      of: record.content, segments: segments, with: present.ranges, accessed: now, database)
  }

  /// The store agrees with `seen`: the journal row is gone, unless the inode has changed since, or
  /// has another path than `path` by now. Returns whether it is gone.
  package func finish(
    _ seen: InodeRecord, path: [FileName], at now: Timestamp
  ) throws(CatalogError) -> Bool {
    try write { database in
      let number = seen.number.value
      if let record = try database.inode(seen.number), record.linkCount > 0 {
        let isDone =
          record.version == seen.version
          && record.attributeVersion == seen.attributeVersion
        guard isDone, try database.path(of: seen.number) == path,
          try !database.exists("SELECT 1 FROM journal WHERE inode = ? AND deep > 0", [number])
        else { return false }
      }
      // A directory that needs no marker was never committed: it agrees all the same.
      try database.run(
        """
        UPDATE inode SET committed_version = version,
          committed_attribute_version = attribute_version
        WHERE id = ? AND kind = ?
        """, [number, FileKind.directory.rawValue])
      try database.run("DELETE FROM journal WHERE inode = ?", [number])
      return true
    }
  }

  /// The object is elsewhere in the store now, with the same bytes, to make room at its key. What
  /// is left there is buried, so that whoever writes there next knows what to expect.
  package func relocate(
    _ inode: InodeNumber, to object: StoredObject, at now: Timestamp
  ) throws(CatalogError) {
    try write { database in
      if let old = try database.require(inode).object, old.key != object.key {
        try database.bury(old, at: now, due: now)
      }
      try database.run(
        """
        UPDATE inode SET object_key = ?, object_etag = ?, object_size = ?, committed_at = ?
        WHERE id = ?
        """,
        [
          object.key.text, object.etag.text, object.size, now.nanosecondsSinceEpoch, inode.value,
        ])
    }
  }

  /// The object at its key is gone from the store; what is here goes up anew. Its side object may
  /// be another one's by now, so it is not deleted.
  package func forgetObject(_ inode: InodeNumber) throws(CatalogError) {
    try write { database in
      try database.run(
        """
        UPDATE inode SET object_key = NULL, object_etag = NULL, object_size = 0, side_key = NULL
        WHERE id = ?
        """, [inode.value])
    }
  }

  /// Somebody else was first at the key of an inode: the local version gets another name beside
  /// it, and the directory is listed anew, which brings the other one in. Nothing is lost.
  ///
  /// - Parameter key: where the other one is. An object of ours at another key stays ours.
  package func setAside(
    _ inode: InodeNumber, as name: FileName, from key: ObjectKey, at now: Timestamp
  ) throws(CatalogError) {
    try write { database in
      guard
        let parent = try database.integer(
          "SELECT parent FROM entry WHERE inode = ?", [inode.value])
      else { return }
      try database.run(
        "UPDATE entry SET name = ? WHERE inode = ?", [name.text, inode.value])
      try database.run(
        """
        UPDATE inode SET object_key = NULL, object_etag = NULL, object_size = 0, side_key = NULL
        WHERE id = ? AND object_key = ?
        """, [inode.value, key.text])
      try database.run(
        "UPDATE inode SET changed = ? WHERE id = ?", [now.nanosecondsSinceEpoch, inode.value])
      try database.listAnew(InodeNumber(parent))
      try database.enqueue(inode, at: now, schedule)
    }
  }

  /// The store's version of the attributes wins: ours are forgotten, and read anew.
  package func yieldAttributes(_ inode: InodeNumber) throws(CatalogError) {
    try write { database in
      try database.run(
        """
        UPDATE inode SET committed_attribute_version = attribute_version, committed_at = 0
        WHERE id = ?
        """, [inode.value])
      let parent = try database.integer("SELECT parent FROM entry WHERE inode = ?", [inode.value])
      if let parent { try database.listAnew(InodeNumber(parent)) }
    }
  }

  /// Who else has its object at a key.
  package func occupant(
    of key: ObjectKey, besides inode: InodeNumber
  ) throws(CatalogError) -> InodeRecord? {
    try read { database in
      try database.row(
        "SELECT \(InodeColumns.all) FROM inode WHERE object_key = ? AND id != ?",
        [key.text, inode.value]
      ).map(InodeRecord.init(row:))
    }
  }
}
