import MediaFSCore
import ObjectStorage
import SystemPackage

/// The objects of an inode with several names, as a part of the transactions that change them.
extension Connection {
  func aliases(of inode: InodeNumber) throws -> [AliasRecord] {
    try rows(
      """
      SELECT key, etag, size, version, attribute_version, committed_at FROM alias
      WHERE inode = ? ORDER BY key
      """, [inode.value]
    ).map(AliasRecord.init(row:))
  }

  /// The alias of an inode at a key.
  func alias(of inode: InodeNumber, at key: ObjectKey) throws -> AliasRecord? {
    try row(
      """
      SELECT key, etag, size, version, attribute_version, committed_at FROM alias
      WHERE key = ? AND inode = ?
      """, [key.text, inode.value]
    ).map(AliasRecord.init(row:))
  }

  func put(_ alias: AliasRecord, of inode: InodeNumber) throws {
    try run(
      "INSERT OR REPLACE INTO alias VALUES (?, ?, ?, ?, ?, ?, ?)",
      [
        alias.object.key.text, inode.value, alias.object.etag.text, alias.object.size,
        alias.version, alias.attributeVersion, alias.committedAt.nanosecondsSinceEpoch,
      ])
  }

  func removeAlias(at key: ObjectKey) throws {
    try run("DELETE FROM alias WHERE key = ?", [key.text])
  }

  func nameCount(of inode: InodeNumber) throws -> Int64 {
    try integer("SELECT count(*) FROM entry WHERE inode = ?", [inode.value]) ?? 0
  }

  /// All paths of an inode, the oldest name first.
  func paths(of inode: InodeNumber) throws -> [[FileName]] {
    if inode == .root { return [[]] }
    return try rows("SELECT parent, name FROM entry WHERE inode = ? ORDER BY id", [inode.value])
      .compactMap { row in
        guard let name = FileName(row[1]), let parent = try path(of: InodeNumber(row[0])) else {
          return nil
        }
        return parent + [name]
      }
  }

  func placement(of inode: InodeNumber) throws -> Placement? {
    guard let record = try self.inode(inode) else { return nil }
    return Placement(
      inode: record, paths: try paths(of: inode),
      aliases: record.kind == .directory ? [] : try aliases(of: inode))
  }

  /// The alias that can stand in for the primary object: it holds the same bytes.
  func heir(of record: InodeRecord) throws -> AliasRecord? {
    try aliases(of: record.number).filter { $0.version == record.committedVersion }
      .max { $0.attributeVersion < $1.attributeVersion }
  }

  /// Makes an alias the primary object. What becomes of the old one is the caller's to say.
  func promote(_ alias: AliasRecord, of inode: InodeNumber) throws {
    try removeAlias(at: alias.object.key)
    try run(
      """
      UPDATE inode SET object_key = ?, object_etag = ?, object_size = ?,
        committed_attribute_version = ?, committed_at = ? WHERE id = ?
      """,
      [
        alias.object.key.text, alias.object.etag.text, alias.object.size, alias.attributeVersion,
        alias.committedAt.nanosecondsSinceEpoch, inode.value,
      ])
  }

  /// The object at a key is no longer the inode's: it is gone, or somebody else's. What was sent
  /// there and not confirmed is nobody's either, should it be what is there.
  ///
  /// Returns false when it was the primary one, nothing else holds its bytes, and not all of them
  /// are here; nothing was changed then.
  func lose(
    _ key: ObjectKey, of record: InodeRecord, at now: Timestamp, _ schedule: JournalSchedule
  ) throws -> Bool {
    guard record.object?.key == key else {
      try run("DELETE FROM alias WHERE key = ? AND inode = ?", [key.text, record.number.value])
      try buryUnconfirmed(at: key, due: schedule.deletion(now))
      return true
    }
    if let heir = try heir(of: record) {
      try promote(heir, of: record.number)
    } else {
      guard try isWhole(record) else { return false }
      try run(
        """
        UPDATE inode SET object_key = NULL, object_etag = NULL, object_size = 0, side_key = NULL
        WHERE id = ?
        """, [record.number.value])
    }
    try buryUnconfirmed(at: key, due: schedule.deletion(now))
    try enqueue(record.number, at: now, schedule)
    return true
  }

  /// As long as an inode had an object at the key, it was to be buried with that one.
  private func buryUnconfirmed(at key: ObjectKey, due: Timestamp?) throws {
    try run(
      """
      UPDATE tombstone SET due = ?
      WHERE key = ? AND sent != '' AND etag IS NULL AND due IS NULL AND done IS NULL
      """, [due?.nanosecondsSinceEpoch, key.text])
  }

  /// Every byte of an inode is here.
  func isWhole(_ record: InodeRecord) throws -> Bool {
    let borrowed = min(record.size, record.baseSize)
    guard record.kind == .regular, borrowed > 0 else { return true }
    let held = try integer(
      """
      SELECT coalesce(sum(max(0, min(end, ?) - start)), 0) FROM extent WHERE content = ?
      """, [borrowed, record.content.value])
    return held == borrowed
  }

  /// An inode has lost a name and has others; the entry is gone already.
  ///
  /// - Parameter key: where that name's object is; it is buried. An object at another key is found
  ///   by the reconciler.
  func loseName(
    of record: InodeRecord, at now: Timestamp, _ schedule: JournalSchedule, key: ObjectKey?,
    deleteDue: Timestamp?
  ) throws {
    if let key {
      if let alias = try alias(of: record.number, at: key) {
        try bury(alias.object, seen: alias.committedAt, at: now, due: deleteDue)
        try removeAlias(at: key)
      } else if let object = record.object, object.key == key, let heir = try heir(of: record) {
        try bury(object, seen: record.committedAt, at: now, due: deleteDue)
        try promote(heir, of: record.number)
      }
    }
    try run(
      """
      UPDATE inode SET changed = ?, attribute_version = attribute_version + attributes_known,
        links = max(links - 1, (SELECT count(*) FROM entry WHERE inode = inode.id)) WHERE id = ?
      """, [now.nanosecondsSinceEpoch, record.number.value])
    try enqueue(record.number, at: now, schedule)
  }
}

extension AliasRecord {
  init(row: Row) {
    self.init(
      object: StoredObject(key: ObjectKey(row[0]), etag: ETag(row[1]), size: row[2]),
      version: row[3], attributeVersion: row[4],
      committedAt: Timestamp(nanosecondsSinceEpoch: row[5]))
  }
}
