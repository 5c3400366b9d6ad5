package import MediaFSCore
package import ObjectStorage

/// An inode that the store has to be brought up to date with.
package struct JournalItem: Sendable, Hashable {
  package var inode: InodeNumber
  /// When the first change came that the store does not have.
  package var since: Timestamp
  package var due: Timestamp
  /// How many renames the keys of the descendants have not followed yet.
  package var deep: Int
  package var attempts: Int
}

/// An object that is to be deleted from the store.
package struct Tombstone: Sendable, Hashable {
  package var key: ObjectKey
  package var etag: ETag?
  package var attempts: Int
  /// When the object was known to be there. Later, somebody else may have replaced it.
  package var seen: Timestamp
  /// Inodes of which something may have been written there that nobody confirmed.
  package var sent: Set<InodeNumber>
}

/// Which sorts of work there are at a look at the journal.
package struct DueWork: Sendable, Hashable {
  package var uploads: Bool
  package var deletes: Bool
  /// Multipart uploads to be aborted.
  package var abandoned: Bool
  /// Deleted objects that need not be remembered any more.
  package var remembered: Bool
}

extension Catalog {
  /// What there is to do, in one question: nearly always nothing.
  ///
  /// - Parameter time: objects that were deleted before are forgotten.
  package func dueWork(
    by now: Timestamp, forgettingBefore time: Timestamp
  ) throws(CatalogError) -> DueWork {
    try read { database in
      let row = try database.row(
        """
        SELECT EXISTS (SELECT 1 FROM journal WHERE parked = 0 AND due <= ?1),
          EXISTS (SELECT 1 FROM tombstone WHERE parked = 0 AND done IS NULL AND due <= ?1),
          EXISTS (SELECT 1 FROM abandoned),
          EXISTS (SELECT 1 FROM tombstone WHERE done IS NOT NULL AND done < ?2)
        """, [now.nanosecondsSinceEpoch, time.nanosecondsSinceEpoch])
      return DueWork(
        uploads: row?[0] ?? false, deletes: row?[1] ?? false, abandoned: row?[2] ?? false,
        remembered: row?[3] ?? false)
    }
  }

  /// What is due by `now`, most overdue first.
  ///
  /// - Parameter last: the item that the page begins behind; `nil` for the first page.
  package func dueItems(
    by now: Timestamp, limit: Int, after last: JournalItem? = nil
  ) throws(CatalogError) -> [JournalItem] {
    try read { database in
      try database.rows(
        """
        SELECT inode, since, due, deep, attempts FROM journal
        WHERE parked = 0 AND due <= ? AND (due, inode) > (?, ?) ORDER BY due, inode LIMIT ?
        """,
        [
          now.nanosecondsSinceEpoch, last?.due.nanosecondsSinceEpoch ?? .min,
          last?.inode.value ?? 0, limit,
        ]
      ).map(Self.item)
    }
  }

  /// Whether an inode still is due.
  package func isDue(_ inode: InodeNumber, by now: Timestamp) throws(CatalogError) -> Bool {
    try read { database in
      try database.exists(
        "SELECT 1 FROM journal WHERE inode = ? AND parked = 0 AND due <= ?",
        [inode.value, now.nanosecondsSinceEpoch])
    }
  }

  package func dueTombstones(
    by now: Timestamp, limit: Int, excluding busy: Set<ObjectKey>
  ) throws(CatalogError) -> [Tombstone] {
    try read { database in
      try database.rows(
        """
        SELECT key, etag, attempts, seen, sent FROM tombstone
        WHERE parked = 0 AND done IS NULL AND due <= ? ORDER BY due LIMIT ?
        """, [now.nanosecondsSinceEpoch, limit + busy.count]
      ).map(Self.tombstone).filter { !busy.contains($0.key) }
    }
  }

  package func tombstone(at key: ObjectKey) throws(CatalogError) -> Tombstone? {
    try read { database in
      try database.row(
        "SELECT key, etag, attempts, seen, sent FROM tombstone WHERE key = ? AND done IS NULL",
        [key.text]
      ).map(Self.tombstone)
    }
  }

  /// When the next item becomes due; `nil` when nothing waits.
  package func nextDue() throws(CatalogError) -> Timestamp? {
    try read { database in
      try database.integer(
        """
        SELECT min(due) FROM (
          SELECT min(due) AS due FROM journal WHERE parked = 0
          UNION ALL
          SELECT min(due) FROM tombstone WHERE parked = 0 AND done IS NULL)
        """
      ).map { Timestamp(nanosecondsSinceEpoch: $0) }
    }
  }

  package func item(of inode: InodeNumber) throws(CatalogError) -> JournalItem? {
    try read { database in
      try database.row(
        "SELECT inode, since, due, deep, attempts FROM journal WHERE inode = ?", [inode.value]
      ).map(Self.item)
    }
  }

  /// Puts an item off, after a failure or because the file is still changing.
  package func postpone(
    _ inode: InodeNumber, until due: Timestamp, error: String?
  ) throws(CatalogError) {
    try write { database in
      try database.run(
        """
        UPDATE journal SET due = ?, error = coalesce(?, error),
          attempts = attempts + (? IS NOT NULL) WHERE inode = ?
        """, [due.nanosecondsSinceEpoch, error, error, inode.value])
    }
  }

  package func postpone(
    _ keys: [ObjectKey], until due: Timestamp, error: String?
  ) throws(CatalogError) {
    try write { database in
      for key in keys {
        try database.run(
          """
          UPDATE tombstone SET due = ?, error = coalesce(?, error),
            attempts = attempts + (? IS NOT NULL) WHERE key = ?
          """, [due.nanosecondsSinceEpoch, error, error, key.text])
      }
    }
  }

  /// Sets an item aside that cannot succeed as it is; ``retry(beneath:at:)`` brings it back.
  package func park(_ inode: InodeNumber, error: String) throws(CatalogError) {
    try write { database in
      try database.run(
        "UPDATE journal SET parked = 1, error = ?, attempts = attempts + 1 WHERE inode = ?",
        [error, inode.value])
    }
  }

  package func park(_ key: ObjectKey, error: String) throws(CatalogError) {
    try write { database in
      try database.run(
        "UPDATE tombstone SET parked = 1, error = ?, attempts = attempts + 1 WHERE key = ?",
        [error, key.text])
    }
  }

  /// The objects are gone. The rows stay for a while: a listing that began before still has them.
  /// A row that was buried anew meanwhile speaks of another object, and stays due.
  ///
  /// - Parameter replaced: keys among them whose object is another one by now, which stays; and
  ///   with it what lies beside, which may be its.
  package func deleted(
    _ gone: [Tombstone], replaced: Set<ObjectKey> = [], at now: Timestamp
  ) throws(CatalogError) {
    try write { database in
      for tombstone in gone {
        if !replaced.contains(tombstone.key) {
          try database.burySide(
            ofBuried: tombstone.key, at: now, due: schedule.deletion(now))
        }
        try database.run(
          "UPDATE tombstone SET done = ? WHERE key = ? AND etag IS ?",
          [now.nanosecondsSinceEpoch, tombstone.key.text, tombstone.etag?.text])
      }
    }
  }

  package func forgetDeleted(before time: Timestamp) throws(CatalogError) {
    try write { database in
      try database.run(
        "DELETE FROM tombstone WHERE done IS NOT NULL AND done < ?", [time.nanosecondsSinceEpoch])
    }
  }

  /// Queues whatever is dirty and not queued: there is none, by construction. Returns how many.
  package func enqueueStrays(at now: Timestamp) throws(CatalogError) -> Int {
    try write { database in
      let time = now.nanosecondsSinceEpoch
      try database.run(
        """
        INSERT INTO journal (inode, since, due)
        SELECT id, ?, ? FROM inode
        WHERE (version != committed_version OR attribute_version != committed_attribute_version)
          AND links > 0 AND id != 1 AND NOT local_only
          AND NOT EXISTS (SELECT 1 FROM journal WHERE inode = inode.id)
        """, [time, time])
      return database.changesCount
    }
  }

  /// Ends the back-off of everything that failed: the store answers again.
  package func endBackoff(at now: Timestamp) throws(CatalogError) {
    try write { database in
      let time = now.nanosecondsSinceEpoch
      for table in ["journal", "tombstone"] {
        try database.run(
          "UPDATE \(table) SET due = ? WHERE attempts > 0 AND parked = 0 AND due > ?",
          [time, time])
      }
    }
  }

  static func item(_ row: Row) -> JournalItem {
    JournalItem(
      inode: InodeNumber(row[0]), since: Timestamp(nanosecondsSinceEpoch: row[1]),
      due: Timestamp(nanosecondsSinceEpoch: row[2]), deep: row[3], attempts: row[4])
  }

  private static func tombstone(_ row: Row) -> Tombstone {
    let etag: String? = row[1]
    let sent: String = row[4]
    return Tombstone(
      key: ObjectKey(row[0]), etag: etag.map { ETag($0) }, attempts: row[2],
      seen: Timestamp(nanosecondsSinceEpoch: row[3]),
      sent: Set(sent.split(separator: " ").compactMap { Int64($0) }.map { InodeNumber($0) }))
  }
}
