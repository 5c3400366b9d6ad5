package import MediaFSCore
package import ObjectStorage

/// What waits to be done for the store.
package struct QueueTotals: Sendable {
  package var files = 0
  package var bytes: Int64 = 0
  package var oldest: Timestamp?
  package var attempts = 0
  package var lastError: String?
}

extension Catalog {
  /// Entries and the root: as many as inodes, but for further names of a file.
  ///
  /// SQLite keeps no count: it walks an index, which costs more the larger the tree is.
  package func inodeCount() throws(CatalogError) -> Int64 {
    try readBeside { try $0.integer("SELECT count(*) FROM entry") ?? 0 } + 1
  }

  /// Why the last attempt to bring the store up to date with an inode failed.
  package func journalError(of inode: InodeNumber) throws(CatalogError) -> String? {
    try readBeside { database in
      try database.row("SELECT error FROM journal WHERE inode = ?", [inode.value])?[0]
    }
  }

  /// Regular files and their bytes.
  package func fileTotals() throws(CatalogError) -> (files: Int, bytes: Int64) {
    try readBeside { database in
      let row = try database.row(
        // A store may say anything of its objects; a sum of integers that overflows is an error.
        """
        SELECT count(*), CAST(min(total(size), 9e18) AS INTEGER) FROM inode
        WHERE kind = ? AND links > 0
        """,
        [FileKind.regular.rawValue])
      return (row?[0] ?? 0, row?[1] ?? 0)
    }
  }

  /// Files of which at least one byte is here.
  package func localTotals() throws(CatalogError) -> (files: Int, bytes: Int64) {
    try readBeside { database in
      let row = try database.row(
        """
        SELECT count(DISTINCT content), coalesce(sum(end - start), 0) FROM extent
        """)
      let dirty = try database.row(
        """
        SELECT count(*), coalesce(sum(size), 0) FROM inode JOIN journal ON journal.inode = inode.id
        WHERE kind = ? AND version != committed_version AND content != 0
          AND NOT EXISTS (SELECT 1 FROM extent WHERE content = inode.content)
        """, [FileKind.regular.rawValue])
      let here = try database.row(
        """
        SELECT count(*), coalesce(sum(size), 0) FROM inode INDEXED BY inode_local_only
        WHERE local_only AND kind = ?
          AND NOT EXISTS (SELECT 1 FROM extent WHERE content = inode.content)
        """, [FileKind.regular.rawValue])
      let parts = [row, dirty, here]
      return (
        parts.reduce(0) { $0 + ($1?[0] ?? 0) }, parts.reduce(Int64(0)) { $0 + ($1?[1] ?? 0) }
      )
    }
  }

  /// Regular files that the store does not have as they are here, parked ones too.
  package func dirtyTotals() throws(CatalogError) -> (files: Int, bytes: Int64) {
    try readBeside { database in
      let row = try database.row(
        """
        SELECT count(*), coalesce(sum(iif(version != committed_version, size, 0)), 0)
        FROM journal JOIN inode ON inode.id = journal.inode WHERE kind = ?
        """, [FileKind.regular.rawValue])
      return (row?[0] ?? 0, row?[1] ?? 0)
    }
  }

  package func uploadTotals() throws(CatalogError) -> QueueTotals {
    try readBeside { database in
      try Self.totals(
        database.row(
          """
          SELECT count(*), coalesce(sum(iif(version != committed_version, size, 0)), 0),
            min(since), coalesce(sum(attempts), 0),
            (SELECT error FROM journal WHERE error IS NOT NULL ORDER BY attempts DESC LIMIT 1)
          FROM journal JOIN inode ON inode.id = journal.inode WHERE parked = 0
          """))
    }
  }

  /// Objects that are to be deleted. Keys of which no version is known are not among them: what may
  /// have been written there is our own, and tidied up without a word.
  package func deleteTotals() throws(CatalogError) -> QueueTotals {
    try readBeside { database in
      try Self.totals(
        database.row(
          """
          SELECT count(*), coalesce(sum(size), 0), min(since), coalesce(sum(attempts), 0),
            (SELECT error FROM tombstone WHERE error IS NOT NULL AND done IS NULL
             ORDER BY attempts DESC LIMIT 1)
          FROM tombstone WHERE parked = 0 AND done IS NULL AND due IS NOT NULL
            AND etag IS NOT NULL
          """))
    }
  }

  /// Deletes that are due: a flush waits for them, but not for those whose delay is running.
  package func dueDeletes(by now: Timestamp) throws(CatalogError) -> Int {
    try readBeside { database in
      Int(
        try database.integer(
          "SELECT count(*) FROM tombstone WHERE parked = 0 AND done IS NULL AND due <= ?",
          [now.nanosecondsSinceEpoch]) ?? 0)
    }
  }

  /// When the first delete is due that is not parked; `nil` where there is none.
  package func nextDelete() throws(CatalogError) -> Timestamp? {
    try readBeside { database in
      try database.integer("SELECT min(due) FROM tombstone WHERE parked = 0 AND done IS NULL")
        .map { Timestamp(nanosecondsSinceEpoch: $0) }
    }
  }

  /// What was set aside, with its error; at most `limit`.
  package func parked(
    limit: Int
  ) throws(CatalogError) -> (inodes: [(InodeNumber, String)], keys: [(ObjectKey, String)]) {
    try readBeside { database in
      let inodes = try database.rows(
        "SELECT inode, error FROM journal WHERE parked = 1 LIMIT ?", [limit]
      ).map { (InodeNumber($0[0]), ($0[1] as String?) ?? "") }
      let keys = try database.rows(
        "SELECT key, error FROM tombstone WHERE parked = 1 AND done IS NULL LIMIT ?", [limit]
      ).map { (ObjectKey($0[0]), ($0[1] as String?) ?? "") }
      return (inodes, keys)
    }
  }

  /// All that waits or is parked for the store beneath an inode, as inode numbers with their
  /// sizes.
  package func pending(
    beneath inode: InodeNumber
  ) throws(CatalogError) -> (waiting: Int, bytes: Int64, parked: Int) {
    try readBeside { database in
      let row = try database.row(
        Self.tree
          + """
          SELECT count(*) FILTER (WHERE NOT parked),
            coalesce(sum(iif(version != committed_version, size, 0)), 0),
            count(*) FILTER (WHERE parked)
          FROM journal JOIN inode ON inode.id = journal.inode
          WHERE ? = 1 OR journal.inode IN tree
          """, [inode.value, inode.value])
      return (row?[0] ?? 0, row?[1] ?? 0, row?[2] ?? 0)
    }
  }

  /// One of what waits for the store beneath an inode; `nil` when nothing does. Asked again and
  /// again while a queue is worked off, so it does not look at all of it.
  ///
  /// - Parameter last: the one that was found before: it is looked at first.
  package func waiting(
    beneath inode: InodeNumber, last: InodeNumber?
  ) throws(CatalogError) -> InodeNumber? {
    try readBeside { database in
      func waits(_ inode: InodeNumber) throws -> Bool {
        try database.exists(
          "SELECT 1 FROM journal WHERE inode = ? AND parked = 0", [inode.value])
      }
      if let last, try waits(last) { return last }
      if inode == .root {
        return try database.integer("SELECT inode FROM journal WHERE parked = 0 LIMIT 1")
          .map { InodeNumber($0) }
      }
      if try waits(inode) { return inode }
      // The tree is walked until one is found, and not put together before.
      return try database.integer(
        Self.tree
          + """
          SELECT journal.inode FROM tree CROSS JOIN journal ON journal.inode = tree.id
          WHERE parked = 0 LIMIT 1
          """, [inode.value]
      ).map { InodeNumber($0) }
    }
  }

  /// Some of the files beneath a directory whose bytes the store does not have, in the order of
  /// their numbers.
  package func dirtyFiles(
    beneath directory: InodeNumber, after last: InodeNumber
  ) throws(CatalogError) -> [InodeNumber] {
    try readBeside { database in
      try database.rows(
        Self.tree
          + """
          SELECT id FROM inode WHERE id IN tree AND id > ? AND kind = ?
            AND version != committed_version AND content != 0 ORDER BY id LIMIT 10000
          """, [directory.value, last.value, FileKind.regular.rawValue]
      ).map { InodeNumber($0[0]) }
    }
  }

  /// Files beneath an inode, or it, that have a content file, in the order of their numbers.
  package func cachedFiles(
    beneath inode: InodeNumber, after last: InodeNumber, limit: Int
  ) throws(CatalogError) -> [InodeNumber] {
    try readBeside { database in
      try database.rows(
        Self.tree
          + """
          SELECT id FROM inode WHERE id > ? AND content != 0 AND (? = 1 OR id IN tree)
          ORDER BY id LIMIT ?
          """, [inode.value, last.value, inode.value, limit]
      ).map { InodeNumber($0[0]) }
    }
  }

  /// Makes everything that waits beneath an inode due now.
  package func hasten(beneath inode: InodeNumber, at now: Timestamp) throws(CatalogError) {
    let time = now.nanosecondsSinceEpoch
    try write { database in
      try database.run(
        Self.tree
          + """
          UPDATE journal SET due = ?
          WHERE due > ? AND parked = 0 AND attempts = 0 AND (? = 1 OR inode IN tree)
          """, [inode.value, time, time, inode.value])
    }
  }

  /// Brings parked items back, due now, and ends the back-off of the others. Returns how many.
  package func retry(beneath inode: InodeNumber, at now: Timestamp) throws(CatalogError) -> Int {
    try write { database in
      let time = now.nanosecondsSinceEpoch
      try database.run(
        Self.tree
          + """
          UPDATE journal SET parked = 0, attempts = 0, due = min(due, ?)
          WHERE (parked OR attempts > 0) AND (? = 1 OR inode IN tree)
          """, [inode.value, time, inode.value])
      var count = database.changesCount
      if inode == .root {
        try database.run(
          """
          UPDATE tombstone SET parked = 0, attempts = 0, due = min(due, ?)
          WHERE (parked OR attempts > 0) AND done IS NULL
          """, [time])
        count += database.changesCount
      }
      return count
    }
  }

  private static let tree = """
    WITH RECURSIVE tree (id) AS (
      SELECT ? UNION ALL SELECT entry.inode FROM entry JOIN tree ON entry.parent = tree.id)
    """ + "\n"

  private static func totals(_ row: Row?) -> QueueTotals {
    guard let row else { return QueueTotals() }
    let oldest: Int64? = row[2]
    return QueueTotals(
      files: row[0], bytes: row[1],
      oldest: oldest.map { Timestamp(nanosecondsSinceEpoch: $0) }, attempts: row[3],
      lastError: row[4])
  }
}
