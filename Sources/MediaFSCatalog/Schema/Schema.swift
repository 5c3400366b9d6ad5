/// The tables. A change of the schema is a new migration; a released one is never edited.
enum Schema {
  private static let migrations = [
    (
      "1 inodes, entries, extents, journal, parts",
      [volume, inode, entry, extent, journal, tombstone, upload]
    ),
    (
      "2 aliases, extended attributes, changes",
      [alias, attribute, change, hole, abandoned, newColumns]
    ),
    ("3 condemned content files", [condemned]),
    ("4 what is not on disk", [unsynced]),
    ("5 deleted objects by time", [deleted]),
    ("6 checksums of uploads", [checksums]),
    ("7 checksums of blocks", [sums]),
    ("8 when deleted objects were seen", [seen]),
  ]

  /// Carries out what the database has not seen yet, each migration in a transaction.
  ///
  /// - Throws: ``CatalogError/unusable(_:)`` for a database of a newer version of us.
  static func migrate(_ database: Database) throws {
    try database.execute(done)
    let known = try applied(database)
    let unknown = known.subtracting(migrations.map(\.0))
    guard unknown.isEmpty else {
      throw CatalogError.unusable(
        "The catalog was made by a newer mediafs (\(unknown.sorted().joined(separator: "; "))): "
          + "use that one")
    }
    for (name, tables) in migrations where !known.contains(name) {
      try database.transaction {
        for table in tables { try database.execute(table) }
        try Connection(database).run("INSERT INTO grdb_migrations VALUES (?)", [name])
      }
    }
  }

  /// Whether there is nothing to ``migrate(_:)``.
  static func isCurrent(_ database: Database) throws -> Bool {
    guard try database.has(table: "grdb_migrations") else { return false }
    return try applied(database).isSuperset(of: migrations.map(\.0))
  }

  private static func applied(_ database: Database) throws -> Set<String> {
    Set(try Connection(database).rows("SELECT identifier FROM grdb_migrations").map { $0[0] })
  }

  /// Which migrations were carried out; named by the library that did so at first.
  private static let done = """
    CREATE TABLE IF NOT EXISTS grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
    """

  /// What holds for the catalog as a whole: to which source it belongs, NFS generation…
  private static let volume = """
    CREATE TABLE volume (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """

  /// Times are nanoseconds since 1970. `AUTOINCREMENT`: a number is never used again.
  private static let inode = """
    CREATE TABLE inode (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      kind INTEGER NOT NULL,
      permissions INTEGER NOT NULL,
      uid INTEGER NOT NULL,
      gid INTEGER NOT NULL,
      links INTEGER NOT NULL,
      size INTEGER NOT NULL DEFAULT 0,
      accessed INTEGER NOT NULL,
      modified INTEGER NOT NULL,
      changed INTEGER NOT NULL,
      device INTEGER NOT NULL DEFAULT 0,
      target TEXT,
      attributes_known INTEGER NOT NULL,
      attributes_chosen INTEGER NOT NULL DEFAULT 0,
      object_key TEXT,
      object_etag TEXT,
      object_size INTEGER NOT NULL DEFAULT 0,
      base_size INTEGER NOT NULL DEFAULT 0,
      version INTEGER NOT NULL DEFAULT 0,
      committed_version INTEGER NOT NULL DEFAULT 0,
      attribute_version INTEGER NOT NULL DEFAULT 0,
      committed_attribute_version INTEGER NOT NULL DEFAULT 0,
      committed_at INTEGER NOT NULL DEFAULT 0,
      writing INTEGER NOT NULL DEFAULT 0,
      content INTEGER NOT NULL DEFAULT 0,
      listed INTEGER
    ) STRICT;
    CREATE INDEX inode_object ON inode (object_key) WHERE object_key IS NOT NULL;
    CREATE INDEX inode_writing ON inode (id) WHERE writing;
    CREATE INDEX inode_orphan ON inode (id) WHERE links = 0;
    """

  /// A directory is read in the order of `id`, which never changes and only grows: an entry that
  /// is there throughout is neither skipped nor repeated, whatever comes and goes meanwhile.
  private static let entry = """
    CREATE TABLE entry (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      parent INTEGER NOT NULL,
      name TEXT NOT NULL,
      inode INTEGER NOT NULL,
      UNIQUE (parent, name)
    ) STRICT;
    CREATE INDEX entry_parent ON entry (parent);
    CREATE INDEX entry_inode ON entry (inode);
    """

  /// Runs of bytes that a content file holds of its object; none crosses a segment boundary, so
  /// that a segment is evicted by deleting its rows.
  private static let extent = """
    CREATE TABLE content (id INTEGER PRIMARY KEY AUTOINCREMENT, inode INTEGER NOT NULL) STRICT;
    CREATE TABLE extent (
      content INTEGER NOT NULL,
      start INTEGER NOT NULL,
      end INTEGER NOT NULL,
      accessed INTEGER NOT NULL,
      PRIMARY KEY (content, start)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX extent_accessed ON extent (accessed);
    """

  /// Of the blocks that lie whole in an extent (`BlockSums`); NULL where none is known. A column
  /// and no table of its own: what removes or replaces an extent cannot forget its sums, and a
  /// small file has no row more.
  private static let sums = "ALTER TABLE extent ADD COLUMN sums BLOB"

  /// `content.inode` is 0 where the file is to be removed.
  private static let condemned = """
    CREATE INDEX content_condemned ON content (id) WHERE inode = 0;
    """

  /// Inodes that the store has to be brought up to date with. `deep`: how many renames their
  /// descendants' keys have not followed yet.
  private static let journal = """
    CREATE TABLE journal (
      inode INTEGER PRIMARY KEY,
      since INTEGER NOT NULL,
      due INTEGER NOT NULL,
      deep INTEGER NOT NULL DEFAULT 0,
      attempts INTEGER NOT NULL DEFAULT 0,
      parked INTEGER NOT NULL DEFAULT 0,
      error TEXT
    ) STRICT;
    CREATE INDEX journal_due ON journal (parked, due);
    """

  /// Objects to delete. `due` NULL: never. `done`: gone, remembered for listings that began before.
  private static let tombstone = """
    CREATE TABLE tombstone (
      key TEXT PRIMARY KEY,
      etag TEXT,
      size INTEGER NOT NULL,
      since INTEGER NOT NULL,
      due INTEGER,
      attempts INTEGER NOT NULL DEFAULT 0,
      parked INTEGER NOT NULL DEFAULT 0,
      error TEXT,
      done INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tombstone_due ON tombstone (parked, due) WHERE done IS NULL;
    """

  /// What is deleted is forgotten by its time, at each look at the journal.
  private static let deleted = """
    CREATE INDEX tombstone_done ON tombstone (done) WHERE done IS NOT NULL;
    """

  /// When an object was known to be at its key, before it was deleted here; 0: not known.
  private static let seen = """
    ALTER TABLE tombstone ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
    """

  /// Objects that hold an inode under its names beyond the first, as copies of the object in its
  /// row. The versions say which state of the inode each one holds.
  private static let alias = """
    CREATE TABLE alias (
      key TEXT PRIMARY KEY,
      inode INTEGER NOT NULL,
      etag TEXT NOT NULL,
      size INTEGER NOT NULL,
      version INTEGER NOT NULL,
      attribute_version INTEGER NOT NULL,
      committed_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX alias_inode ON alias (inode);
    """

  /// Extended attributes, access control lists among them.
  private static let attribute = """
    CREATE TABLE attribute (
      inode INTEGER NOT NULL,
      name TEXT NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (inode, name)
    ) STRICT, WITHOUT ROWID;
    """

  /// Runs of a content file, in whole blocks, that may differ from its object: what an upload has
  /// to send, where it may have the store copy the rest. Recorded before the bytes change.
  private static let change = """
    CREATE TABLE change (
      content INTEGER NOT NULL,
      start INTEGER NOT NULL,
      end INTEGER NOT NULL,
      PRIMARY KEY (content, start)
    ) STRICT, WITHOUT ROWID;
    """

  /// Runs of a content file that are here, read as zeros and take no room.
  private static let hole = """
    CREATE TABLE hole (
      content INTEGER NOT NULL,
      start INTEGER NOT NULL,
      end INTEGER NOT NULL,
      PRIMARY KEY (content, start)
    ) STRICT, WITHOUT ROWID;
    """

  /// Multipart uploads that nobody goes on with. An empty `upload` stands for all of that key that
  /// are not known: one was begun, and its answer never came.
  private static let abandoned = """
    CREATE TABLE abandoned (
      key TEXT NOT NULL,
      upload TEXT NOT NULL,
      PRIMARY KEY (key, upload)
    ) STRICT, WITHOUT ROWID;
    """

  /// - `link_group`: binds the objects of one inode with several names; any host's, so it is text.
  /// - `link_state`: what another host called the state that is committed; NULL when it was us.
  /// - `side_key`: the object beside that holds extended attributes too long for metadata.
  /// - `local_only`: the store does not get it, and has nothing of it.
  /// - `copied_*`: the content of `copied_version` equals that version of another object.
  /// - `extended_version`: the attribute version that changed extended attributes last.
  /// - `hole_bytes`: the sum of the content's holes.
  /// - `tombstone.side_key`: the object beside that goes with the deleted one.
  /// - `journal.copying`: where the object was last sent as it is, without a mark of ours.
  /// - `journal.source`: where in the store the tree lay before the first of the renames that
  ///   `deep` counts, relative to the namespace; ends with "/". Set exactly while `deep` is not 0.
  /// - `upload.layout`: what the parts are, see `UploadLayout`.
  /// - `tombstone.sent`: the inodes of which something may have been written there that nobody
  ///   confirmed, each between spaces; 0 for what is nobody's.
  private static let newColumns = """
    ALTER TABLE inode ADD COLUMN link_group TEXT;
    ALTER TABLE inode ADD COLUMN link_state TEXT;
    ALTER TABLE inode ADD COLUMN side_key TEXT;
    ALTER TABLE inode ADD COLUMN local_only INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE inode ADD COLUMN copied_key TEXT;
    ALTER TABLE inode ADD COLUMN copied_etag TEXT;
    ALTER TABLE inode ADD COLUMN copied_version INTEGER;
    ALTER TABLE inode ADD COLUMN extended_version INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE inode ADD COLUMN hole_bytes INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX inode_local_only ON inode (id) WHERE local_only;
    CREATE INDEX inode_link_group ON inode (link_group) WHERE link_group IS NOT NULL;
    ALTER TABLE journal ADD COLUMN copying TEXT;
    ALTER TABLE journal ADD COLUMN source TEXT;
    CREATE INDEX journal_source ON journal (source) WHERE source IS NOT NULL;
    ALTER TABLE upload DROP COLUMN part_size;
    ALTER TABLE upload ADD COLUMN layout TEXT NOT NULL DEFAULT '';
    ALTER TABLE tombstone ADD COLUMN sent TEXT NOT NULL DEFAULT '';
    ALTER TABLE tombstone ADD COLUMN side_key TEXT;
    """

  /// Content files of which some bytes may not be on disk. `changes` counts what makes them so;
  /// `kept`: so many bytes were on disk or in the store before; `stored`: the store had all of
  /// them; `ends_zero`: the last byte is zero, as of the last settlement; `suspect`: the host lost
  /// power.
  private static let unsynced = """
    CREATE TABLE unsynced (
      content INTEGER PRIMARY KEY,
      changes INTEGER NOT NULL DEFAULT 0,
      kept INTEGER NOT NULL,
      stored INTEGER NOT NULL,
      ends_zero INTEGER NOT NULL DEFAULT 0,
      suspect INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX unsynced_suspect ON unsynced (content) WHERE suspect;
    """

  /// What the parts of an upload carry, by its name, and the checksums of those that were sent, as
  /// S3 writes them; NULL without.
  private static let checksums = """
    ALTER TABLE upload ADD COLUMN checksum TEXT;
    ALTER TABLE part ADD COLUMN checksum TEXT;
    """

  /// A multipart upload under way and the parts that the store has of it.
  private static let upload = """
    CREATE TABLE upload (
      inode INTEGER PRIMARY KEY,
      key TEXT NOT NULL,
      upload TEXT NOT NULL,
      version INTEGER NOT NULL,
      part_size INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE part (
      inode INTEGER NOT NULL,
      number INTEGER NOT NULL,
      etag TEXT NOT NULL,
      size INTEGER NOT NULL,
      PRIMARY KEY (inode, number)
    ) STRICT, WITHOUT ROWID;
    """
}
