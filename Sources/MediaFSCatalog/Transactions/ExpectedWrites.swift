package import MediaFSCore
package import ObjectStorage

extension Catalog {
  /// Notes that an object is about to be written at a key.
  ///
  /// Should its confirmation never come, and nobody commit anything there, it is deleted at `due`,
  /// and is in no listing until then: a bucket does not collect what was left behind, and what was
  /// deleted does not come back.
  ///
  /// - Parameters:
  ///   - inode: whose state is written; `nil` for what is nobody's.
  ///   - due: `nil` where an inode has an object already: it is buried with that one.
  package func expect(
    _ key: ObjectKey, of inode: InodeNumber? = nil, until due: Timestamp?, at now: Timestamp
  ) throws(CatalogError) {
    try write { database in
      try database.run(
        """
        INSERT INTO tombstone (key, size, since, due, sent) VALUES (?, 0, ?, ?, ?)
        ON CONFLICT (key) DO UPDATE SET done = NULL,
          sent = iif(instr(sent, excluded.sent), sent, sent || excluded.sent),
          etag = iif(done IS NULL, etag, NULL), since = iif(done IS NULL, since, excluded.since),
          due = iif(done IS NULL, due, excluded.due)
        """,
        [
          key.text, now.nanosecondsSinceEpoch,
          due.flatMap { schedule.deletion($0) }?.nanosecondsSinceEpoch,
          " \(inode?.value ?? 0) ",
        ])
    }
  }

  /// What is at a key was looked at, and is an object of ours that nothing refers to: whoever
  /// writes there replaces it, or it is deleted.
  package func noteLeftOver(_ object: StoredObject, at now: Timestamp) throws(CatalogError) {
    try write { database in
      try database.run(
        """
        UPDATE tombstone SET etag = ?, size = ?, seen = ?, due = coalesce(due, ?)
        WHERE key = ? AND done IS NULL
        """,
        [
          object.etag.text, object.size, now.nanosecondsSinceEpoch,
          schedule.deletion(now)?.nanosecondsSinceEpoch, object.key.text,
        ])
    }
  }

  /// What is at a key was looked at, and is not ours.
  package func unexpect(_ key: ObjectKey) throws(CatalogError) {
    try write { database in
      try database.run(
        "DELETE FROM tombstone WHERE key = ? AND sent != '' AND etag IS NULL", [key.text])
      try database.run("UPDATE tombstone SET sent = '' WHERE key = ?", [key.text])
    }
  }
}
