package import MediaFSCore
package import ObjectStorage
import Synchronization

/// A content file of which some bytes may not be on disk yet.
package struct UnsyncedContent: Sendable, Hashable {
  package var content: ContentNumber
  /// Grows by one with everything that makes it so again.
  package var changes: Int64
  /// Some of its bytes may be lost, and nobody has looked yet.
  package var isSuspect = false

  /// Whether it is a mark that was there before and has not been removed since.
  package func continues(_ earlier: UnsyncedContent) -> Bool {
    (0..<Self.plenty).contains(changes - earlier.changes)
  }

  /// More changes than a mark ever counts; two marks begin further apart, but by chance.
  private static let plenty: Int64 = 1 << 40
}

/// A content file that was not on disk when the host lost power: what was of it, and may not be.
package struct SuspectContent: Sendable {
  package var content: ContentNumber
  /// `nil`: it is nobody's any more.
  package var record: InodeRecord?
  /// So many bytes of it were on disk, or in the store, before the first change that was not.
  package var kept: Int64
  /// The store had all of them; else it has an earlier version, if any.
  package var wasStored: Bool
  /// Its last byte was zero when it was settled.
  package var endsWithZero: Bool
}

/// Content files of which a mark on the disk says that they may be changed.
struct ExpectedChanges: Sendable {
  /// How many of them one wait for the disk marks: more of them cost more than the wait, and make
  /// a power cut take more of the cache.
  static let limit = 31

  var contents: Set<ContentNumber> = []
  /// Content files with a mark that may not be on the disk, however often it was tried to bring it
  /// there.
  var untold: Set<ContentNumber> = []
  /// A process that was killed may have left more of them.
  var inheritsUntold = false
  /// Counts how often marks were taken away.
  private(set) var round = 0

  mutating func forget(_ synced: [UnsyncedContent]) {
    round += 1
    contents.subtract(synced.lazy.map(\.content))
  }
}

/// What a power cut may take, and what has to be on disk before something else goes.
///
/// After a cut the catalog is as it was at some moment since ``Catalog/synchronize()``: its log is
/// cut behind some transaction. So whatever a row says of bytes that are not on disk, a row of
/// `unsynced` says with it, in the same transaction or an earlier one. What destroys bytes that the
/// catalog of such a moment would still count on (a content file that is removed, a segment that is
/// dropped, bytes of the store that are written over) waits for the catalog.
extension Catalog {
  /// Bytes of a content file are changed, or come, from now on. Counted from a random number: who
  /// has brought to the disk what an earlier mark was about does not remove a later one.
  static func markUnsynced(_ content: ContentNumber, _ database: Connection) throws {
    try database.run(
      """
      INSERT INTO unsynced (content, changes, kept, stored)
        SELECT content.id, random() >> 2, size,
          version = committed_version AND object_key IS NOT NULL
        FROM content JOIN inode ON inode.id = content.inode
        WHERE content.id = ?
      ON CONFLICT (content) DO UPDATE SET changes = changes + 1
      """, [content.value])
  }

  /// A content file that is being changed will be cut to `size`. Returns whether that takes bytes
  /// that were on disk, or in the store: then this has to be on disk before.
  package func willCut(_ content: ContentNumber, to size: Int64) throws(CatalogError) -> Bool {
    try write { database in
      try database.run(
        "UPDATE unsynced SET kept = ? WHERE content = ? AND kept > ?",
        [size, content.value, size])
      return database.changesCount > 0
    }
  }

  /// All of a content file is in the store.
  static func keep(_ size: Int64, of content: ContentNumber, _ database: Connection) throws {
    try database.run(
      "UPDATE unsynced SET kept = ?, stored = 1 WHERE content = ?", [size, content.value])
  }

  /// Content files to be synchronized whose rows are as new as they are; those that are being
  /// written come when that has ended.
  package func unsynced(limit: Int) throws(CatalogError) -> [UnsyncedContent] {
    try read { database in
      try database.rows(
        """
        SELECT unsynced.content, changes FROM unsynced
          JOIN content ON content.id = unsynced.content JOIN inode ON inode.id = content.inode
        WHERE NOT writing AND NOT suspect LIMIT ?
        """, [limit]
      ).map { UnsyncedContent(content: ContentNumber($0[0]), changes: $0[1]) }
    }
  }

  package func unsynced(_ content: ContentNumber) throws(CatalogError) -> UnsyncedContent? {
    try read { database in
      try database.row("SELECT changes, suspect FROM unsynced WHERE content = ?", [content.value])
        .map { UnsyncedContent(content: content, changes: $0[0], isSuspect: $0[1]) }
    }
  }

  /// The disk has failed to take a content file. The kernel says so once, and may have given up
  /// what it could not write (fsync(2), "Write-back errors"): that a later attempt succeeds means
  /// nothing. The next start looks at it.
  package func doubt(_ content: ContentNumber) throws(CatalogError) {
    try write { database in
      try Self.markUnsynced(content, database)
      try database.run("UPDATE unsynced SET suspect = 1 WHERE content = ?", [content.value])
    }
  }

  /// These content files are on disk, with their names, as they were when they were looked up.
  ///
  /// - Parameter kept: so long is each of them, and has not been changed since: where bytes have
  ///   come from the store meanwhile, the mark stays, and speaks of no others. `nil`: not known.
  package func synced(
    _ contents: [UnsyncedContent], kept: Int64? = nil
  ) throws(CatalogError) {
    try expectedChanges.withLock { expected throws(CatalogError) in
      expected.forget(contents)
      try write { database in
        for content in contents {
          try database.run(
            """
            DELETE FROM unsynced WHERE content = ? AND changes = ? AND NOT suspect
              AND NOT EXISTS (
                SELECT 1 FROM content JOIN inode ON inode.id = content.inode
                WHERE content.id = unsynced.content AND writing)
            """, [content.content.value, content.changes])
          guard let kept else { continue }
          try database.run(
            """
            UPDATE unsynced SET kept = ?, stored = EXISTS (
              SELECT 1 FROM content JOIN inode ON inode.id = content.inode
              WHERE content.id = unsynced.content AND version = committed_version
                AND object_key IS NOT NULL)
            WHERE content = ? AND NOT suspect
            """, [kept, content.content.value])
        }
      }
    }
  }

  /// Whether a power cut may take what the catalog says of a change of the content file, although
  /// it was said some time ago.
  package func isUntold(_ content: ContentNumber) -> Bool {
    // Each write asks, and the lock may wait for the disk.
    guard mayBeUntold.load(ordering: .acquiring) else { return false }
    return expectedChanges.withLock { $0.inheritsUntold || $0.untold.contains(content) }
  }

  /// That a content file is being changed is on disk when this returns.
  ///
  /// Who changes one file of the store often changes more of them: those that came after it are
  /// marked too, so that they need not wait for the disk again. What a power cut takes by that is
  /// fetched again.
  ///
  /// - Parameter isCut: a mark is not enough; it says less than it did.
  package func synchronizeChange(
    of content: ContentNumber, isCut: Bool = false
  ) throws(CatalogError) {
    let (isExpected, round) = expectedChanges.withLock { expected in
      let isExpected = expected.contents.remove(content) != nil && !isCut
      if !isExpected {
        expected.untold.insert(content)
        mayBeUntold.store(true, ordering: .releasing)
      }
      return (isExpected, expected.round)
    }
    if isExpected { return }
    let neighbours = try expectChanges(behind: content)
    try synchronize()
    expectedChanges.withLock { expected in
      expected.untold.subtract(neighbours + [content])
      expected.inheritsUntold = false
      mayBeUntold.store(!expected.untold.isEmpty, ordering: .releasing)
      // Else their marks may be gone already.
      if expected.round == round { expected.contents.formUnion(neighbours) }
    }
  }

  /// Marks content files that are on disk, and in the store, as if they were changed. Nobody sees
  /// such a mark before it is known that it may not be on the disk.
  private func expectChanges(
    behind content: ContentNumber
  ) throws(CatalogError) -> [ContentNumber] {
    try expectedChanges.withLock { expected throws(CatalogError) in
      let clean = try write { database in
        let clean = try database.rows(
          """
          SELECT near.id
          FROM (SELECT id, inode FROM content WHERE id > ? ORDER BY id LIMIT ?) AS near
            JOIN inode ON inode.id = near.inode
          WHERE inode.content = near.id AND \(Self.canBeFetched)
            AND NOT EXISTS (SELECT 1 FROM unsynced WHERE content = near.id)
          """, [content.value, ExpectedChanges.limit]
        ).map { ContentNumber($0[0]) }
        for content in clean { try Self.markUnsynced(content, database) }
        return clean
      }
      expected.untold.formUnion(clean)
      return clean
    }
  }

  // MARK: After a cut

  /// What may not be as the catalog has it.
  package func suspects() throws(CatalogError) -> [SuspectContent] {
    try read { database in
      try database.rows("SELECT content, kept, stored, ends_zero FROM unsynced WHERE suspect").map {
        row in
        let content = ContentNumber(row[0])
        let owner = try database.integer(
          "SELECT inode FROM content WHERE id = ?", [content.value])
        let record = try owner.flatMap { try database.inode(InodeNumber($0)) }
        return SuspectContent(
          content: content, record: record?.content == content ? record : nil, kept: row[1],
          wasStored: row[2], endsWithZero: row[3])
      }
    }
  }

  /// Nothing more is to be found out about a content file.
  package func cleared(_ content: ContentNumber) throws(CatalogError) {
    try write { try Self.clear(content, $0) }
  }

  private static func clear(_ content: ContentNumber, _ database: Connection) throws {
    try database.run("DELETE FROM unsynced WHERE content = ?", [content.value])
  }

  /// Nothing of a file that the store has is here.
  package func forgetBytes(of record: InodeRecord) throws(CatalogError) {
    try write { database in
      for table in ["extent", "hole"] {
        try database.run("DELETE FROM \(table) WHERE content = ?", [record.content.value])
      }
      try database.run(
        "UPDATE inode SET hole_bytes = 0, base_size = object_size WHERE id = ?",
        [record.number.value])
      try Self.clear(record.content, database)
    }
  }

  /// Takes over what is left of a file.
  package func salvage(
    _ record: InodeRecord, _ state: ContentState, _ salvage: Salvage, at now: Timestamp
  ) throws(CatalogError) {
    try settle(record.number, content: record.content, state, at: now)
    try write { database in
      // Not the version that may have been sent: bytes of that may be missing here.
      try database.run(
        "UPDATE inode SET base_size = ?, version = version + 1 WHERE id = ?",
        [salvage.baseSize, record.number.value])
      try Self.replaceAllExtents(of: record.content, with: salvage, at: now, database)
      if record.object == nil {
        let changed = FileLifecycle.changeBlocks(touching: salvage.present, base: salvage.baseSize)
        try Self.insertChanges(changed, of: record.content, database)
      }
      try Self.clear(record.content, database)
    }
  }

  private static func replaceAllExtents(
    of content: ContentNumber, with salvage: Salvage, at now: Timestamp, _ database: Connection
  ) throws {
    try database.run("DELETE FROM extent WHERE content = ?", [content.value])
    for run in salvage.present.ranges {
      try replaceExtents(
        of: content, segments: Segment.covering(run),
        with: salvage.present.present(in: segmentRange(run)), sums: salvage.sums, accessed: now,
        database)
    }
  }

  private static func segmentRange(_ run: Range<Int64>) -> Range<Int64> {
    let segments = Segment.covering(run)
    return segments.lowerBound * Segment.length..<segments.upperBound * Segment.length
  }
}

extension Catalog {
  /// Which time the disk of a catalog was there, from one boot or mount to the next: what was not
  /// on it at the end is lost.
  enum Boot {
    /// More than are given out between two synchronizations of the catalog, by far.
    private static let numbers: Int64 = 1 << 24

    /// Takes note of where it runs. Numbers of inodes and content files that were given out and
    /// have been lost may be in file handles and on the disk: none of them is given out again.
    ///
    /// - Returns: whether this has to be on the disk before the first of them is given out.
    static func begin(_ boot: String, _ database: Connection) throws -> Bool {
      let last: String? = try database.row("SELECT value FROM volume WHERE name = 'boot'")?[0]
      if let last, last.utf8.elementsEqual(boot.utf8) { return false }
      try database.run("INSERT OR REPLACE INTO volume VALUES ('boot', ?)", [boot])
      if last != nil {
        // One that is not known of a table may have been lost as well.
        for table in ["inode", "entry", "content"] {
          try database.run(
            """
            INSERT INTO sqlite_sequence (name, seq) SELECT ?, 0
            WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)
            """, [table, table])
        }
        try database.run("UPDATE unsynced SET suspect = 1")
      }
      try database.run("UPDATE sqlite_sequence SET seq = seq + ?", [numbers])
      return true
    }
  }
}
