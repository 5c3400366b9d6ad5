package import MediaFSCore
package import ObjectStorage

extension Catalog {
  /// Remembers that the content of an inode is that of an object, byte for byte. Does nothing when
  /// the content is another version by now.
  package func remember(
    _ copied: CopiedContent, of inode: InodeNumber
  ) throws(CatalogError) {
    try write { database in
      try database.run(
        """
        UPDATE inode SET copied_key = ?, copied_etag = ?, copied_version = ?
        WHERE id = ? AND version = ?
        """,
        [copied.key.text, copied.etag.text, copied.version, inode.value, copied.version])
    }
  }

  /// The object that an inode was copied from is not there any more.
  package func forgetCopy(of inode: InodeNumber) throws(CatalogError) {
    try write { database in
      try database.run(
        """
        UPDATE inode SET copied_key = NULL, copied_etag = NULL, copied_version = NULL WHERE id = ?
        """, [inode.value])
    }
  }

  /// Makes an object the content of an empty file: all of it is there, nothing is here. The
  /// reconciler moves it to the key that the file should have, and until then that key stays as it
  /// is.
  ///
  /// - Parameter content: the content file of the inode.
  /// - Returns: `nil` when the file is not empty and at rest any more.
  package func adopt(
    _ object: StoredObject, as inode: InodeNumber, content: ContentNumber, at now: Timestamp
  ) throws(CatalogError) -> InodeRecord? {
    try write { database in
      guard let before = try database.inode(inode), before.linkCount > 0,
        before.content == content, before.size == 0, !before.isWriting,
        try !database.exists("SELECT 1 FROM upload WHERE inode = ?", [inode.value])
      else { return nil }
      if let old = before.object {
        let due = now.advanced(by: schedule.delay)
        try database.bury(
          old, seen: before.committedAt, at: now, due: schedule.deletion(due))
      }
      try database.run("DELETE FROM tombstone WHERE key = ?", [object.key.text])
      try database.run("DELETE FROM extent WHERE content = ?", [content.value])
      try database.run("DELETE FROM change WHERE content = ?", [content.value])
      let time = now.nanosecondsSinceEpoch
      try database.run(
        """
        UPDATE inode SET object_key = ?, object_etag = ?, object_size = ?, base_size = ?, size = ?,
          version = version + 1, committed_version = version + 1, committed_at = ?, modified = ?,
          changed = ?
        WHERE id = ?
        """,
        [
          object.key.text, object.etag.text, object.size, object.size, object.size, time, time,
          time, inode.value,
        ])
      try database.enqueue(inode, at: now, schedule)
      return try database.require(inode)
    }
  }
}
