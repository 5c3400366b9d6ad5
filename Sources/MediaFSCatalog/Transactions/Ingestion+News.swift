import MediaFSCore
import ObjectStorage

/// What is newer here than in a listing.
extension Ingestion {
  /// As many keys of one directory are looked at together.
  private static let doubts = 64

  /// What is listed may be what we are writing there just now.
  func isExpected(_ key: ObjectKey?) throws -> Bool {
    guard let key else { return false }
    return try database.exists(
      "SELECT 1 FROM tombstone WHERE key = ? AND sent != '' AND done IS NULL", [key.text])
  }

  /// The listed object is one that was renamed or deleted here, and the store does not know yet;
  /// or the listing does not: an older version than the one that was deleted since it began.
  func isSpokenFor(_ object: StoredObject) throws -> Bool {
    if isClaimed { return true }
    let isMoving = try database.exists(
      """
      SELECT 1 FROM inode WHERE object_key = ? UNION ALL SELECT 1 FROM alias WHERE key = ?
      """, [object.key.text, object.key.text])
    return try isMoving || isBuried(object)
  }

  /// Nothing but what was once sent to its key speaks for the listed object, and it is a version
  /// that nobody here has seen. No name here wants that key any more.
  func isDoubtful(_ object: StoredObject) throws -> Bool {
    guard !isClaimed else { return false }
    return try database.exists(
      """
      SELECT 1 FROM tombstone WHERE key = ?1 AND done IS NULL AND sent != '' AND etag IS NOT ?2
        AND NOT EXISTS (SELECT 1 FROM inode WHERE object_key = ?1)
        AND NOT EXISTS (SELECT 1 FROM alias WHERE key = ?1)
      """, [object.key.text, object.etag.text])
  }

  /// The same for a directory: what may be all that keeps it from being seen.
  func doubtful(beneath prefix: ObjectKey) throws -> [ObjectKey] {
    guard !isClaimed else { return [] }
    let end = String(Substring(prefix.text.utf8.dropLast())) + "0"
    return try database.rows(
      """
      SELECT key FROM tombstone
      WHERE key >= ? AND key < ? AND done IS NULL AND sent != '' AND etag IS NULL
      ORDER BY key LIMIT ?
      """, [prefix.text, end, Self.doubts]
    ).map { ObjectKey($0[0]) }
  }

  func isHeld(_ object: StoredObject, besides inode: InodeNumber) throws -> Bool {
    try database.exists(
      "SELECT 1 FROM inode WHERE object_key = ? AND id != ?", [object.key.text, inode.value])
  }

  /// The listed object was deleted here, or another one is on its way to its key.
  func isBuried(_ object: StoredObject) throws -> Bool {
    let began = listing.began.nanosecondsSinceEpoch
    return try database.exists(
      """
      SELECT 1 FROM tombstone WHERE key = ? AND (done IS NULL OR done >= ?)
        AND (sent != '' OR etag IS NULL OR etag = ? OR since >= ?)
      """, [object.key.text, began, object.etag.text, began])
  }

  /// The same for whatever lies beneath a prefix: until all of it was moved or deleted, the
  /// directory does not come back.
  func isSpokenFor(prefix: ObjectKey, _ name: FileName) throws -> Bool {
    if isClaimed { return true }
    // "0" is the byte after "/": the range holds just the keys that begin with the prefix. The
    // last byte, not the last character: some letters make one with the "/".
    let end = String(Substring(prefix.text.utf8.dropLast())) + "0"
    let isMoving = try database.exists(
      """
      SELECT 1 FROM inode WHERE object_key >= ? AND object_key < ?
      UNION ALL SELECT 1 FROM alias WHERE key >= ? AND key < ?
      """, [prefix.text, end, prefix.text, end])
    let start = listing.source.prefix + name.text
    return try isMoving
      || database.exists(
        "SELECT 1 FROM journal WHERE source >= ? AND source < ?", [start + "/", start + "0"])
      || database.exists(
        """
        SELECT 1 FROM tombstone WHERE key >= ? AND key < ? AND (done IS NULL OR done >= ?)
        """, [prefix.text, end, listing.began.nanosecondsSinceEpoch])
  }

  /// Its objects are on their way to the keys that its path wants: it was renamed, or a directory
  /// above it was and its descendants have not been queued yet. A listing of the new keys then
  /// says nothing about it.
  func isMoving(_ inode: InodeNumber) throws -> Bool {
    try database.exists(
      """
      WITH RECURSIVE above (id) AS (
        SELECT ? UNION ALL SELECT entry.parent FROM entry JOIN above ON entry.inode = above.id)
      SELECT 1 FROM above JOIN journal ON journal.inode = above.id
      WHERE journal.deep > 0 OR above.id = ?
      """, [inode.value, inode.value])
  }

  /// Whether anything in a tree is newer here than in the listing.
  func hasLocalNews(beneath directory: InodeNumber) throws -> Bool {
    try isMoving(directory)
      || database.exists(
        """
        WITH RECURSIVE tree (id) AS (
          SELECT ? UNION ALL SELECT entry.inode FROM entry JOIN tree ON entry.parent = tree.id)
        SELECT 1 FROM tree JOIN inode ON inode.id = tree.id
          LEFT JOIN journal ON journal.inode = tree.id
          LEFT JOIN alias ON alias.inode = tree.id
        WHERE journal.inode IS NOT NULL OR inode.writing OR inode.local_only
          OR inode.committed_at >= ? OR alias.committed_at >= ?
        """,
        [
          directory.value, listing.began.nanosecondsSinceEpoch,
          listing.began.nanosecondsSinceEpoch,
        ])
  }
}
