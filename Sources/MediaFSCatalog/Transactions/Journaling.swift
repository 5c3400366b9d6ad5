import MediaFSCore
import ObjectStorage

/// Writing the journal, as a part of the transactions that cause it.
extension Connection {
  /// The store has to be brought up to date with `inode` after the cool-down. What was parked is
  /// tried again: it has changed.
  ///
  /// Not where it has nothing of the inode, and all names of that are covered by `local.only`: then
  /// there is nothing to be done.
  ///
  /// - Parameter source: of a directory that was renamed: where its tree lay.
  func enqueue(
    _ inode: InodeNumber, at now: Timestamp, _ schedule: JournalSchedule,
    source: TreeSource? = nil
  ) throws {
    if try settleHere(inode, schedule, isTree: source != nil) { return }
    let time = now.nanosecondsSinceEpoch
    let due = now.advanced(by: schedule.delay).nanosecondsSinceEpoch
    let (whole, fraction) = schedule.maximumDelay.components
    let maximum = Timestamp(seconds: whole, nanoseconds: Int32(fraction / 1_000_000_000))
    try run(
      """
      INSERT INTO journal (inode, since, due, deep, source) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (inode) DO UPDATE SET
        due = min(excluded.due, max(excluded.since, since + ?)), deep = deep + excluded.deep,
        source = coalesce(source, excluded.source), attempts = 0, parked = 0, error = NULL
      """,
      [
        inode.value, time, due, source != nil, source?.prefix, maximum.nanosecondsSinceEpoch,
      ])
  }

  /// An object that nothing here refers to any more.
  ///
  /// - Parameters:
  ///   - seen: when it was known to be at its key; later, somebody else may have replaced it.
  ///   - side: the object beside that holds its extended attributes, and goes with it.
  func bury(
    _ object: StoredObject, seen: Timestamp, side: ObjectKey? = nil, at now: Timestamp,
    due: Timestamp?
  ) throws {
    try burySide(ofBuried: object.key, at: now, due: due.map { _ in now })
    try run(
      """
      INSERT INTO tombstone (key, etag, size, since, seen, due, side_key)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET etag = excluded.etag, size = excluded.size,
        since = excluded.since, seen = excluded.seen, due = excluded.due, attempts = 0,
        parked = 0, error = NULL, sent = iif(done IS NULL, sent, ''), done = NULL,
        side_key = excluded.side_key
      """,
      [
        object.key.text, object.etag.text, object.size, now.nanosecondsSinceEpoch,
        seen.nanosecondsSinceEpoch, due?.nanosecondsSinceEpoch, side?.text,
      ])
  }

  /// When the object of an inode was known to be at its key: it was written then, or listed.
  func lastSeen(_ record: InodeRecord, in parent: InodeNumber) throws -> Timestamp {
    // A listing tells nothing of what is newer here, or on its way elsewhere.
    guard record.object != nil, !record.isContentDirty,
      try !exists("SELECT 1 FROM journal WHERE inode = ?", [record.number.value])
    else { return record.committedAt }
    let directory = record.kind == .directory ? record.number : parent
    guard let source = try source(of: directory), !source.isPending,
      let listed = try inode(directory)?.listed
    else { return record.committedAt }
    return max(record.committedAt, listed)
  }

  /// A directory that loses its last entry would vanish from the store with it: it needs a marker.
  func keepDirectory(
    _ directory: InodeNumber, at now: Timestamp, _ schedule: JournalSchedule
  ) throws {
    guard directory != .root, let record = try inode(directory), record.object == nil,
      !record.isLocalOnly, try !holdsAnythingToStore(directory)
    else { return }
    try enqueue(directory, at: now, schedule)
  }

  /// Takes one name away from an inode. The last one takes the inode along, unless `isOpen`: it
  /// then lives on without a name until the last handle is closed. The entry is gone already.
  ///
  /// - Parameters:
  ///   - seen: when its object was known to be there.
  ///   - key: where the object of that name is, as far as that is known.
  func drop(
    _ record: InodeRecord, seen: Timestamp, at now: Timestamp, _ schedule: JournalSchedule,
    isOpen: Bool, deleteDue: Timestamp?, key: ObjectKey? = nil
  ) throws {
    if record.kind != .directory, try nameCount(of: record.number) > 0 {
      return try loseName(of: record, at: now, schedule, key: key, deleteDue: deleteDue)
    }
    try run(
      "UPDATE inode SET links = 0, changed = ? WHERE id = ?",
      [now.nanosecondsSinceEpoch, record.number.value])
    if let object = record.object {
      // Of an inode with a group, other hosts may know more names than this one.
      let side = record.linkGroup == nil ? record.sideKey : nil
      try bury(object, seen: seen, side: side, at: now, due: deleteDue)
    }
    for alias in try aliases(of: record.number) {
      try bury(alias.object, seen: alias.committedAt, at: now, due: deleteDue)
      try removeAlias(at: alias.object.key)
    }
    try run("DELETE FROM journal WHERE inode = ?", [record.number.value])
    try abandonUpload(of: record.number)
    try run(
      "UPDATE inode SET object_key = NULL, object_etag = NULL WHERE id = ?", [record.number.value])
    if !isOpen { try erase(record) }
  }

  /// Nobody goes on with the multipart upload of an inode: its parts are to be freed.
  func abandonUpload(of inode: InodeNumber) throws {
    try run(
      "INSERT OR IGNORE INTO abandoned SELECT key, upload FROM upload WHERE inode = ?",
      [inode.value])
    try run("DELETE FROM upload WHERE inode = ?", [inode.value])
    try run("DELETE FROM part WHERE inode = ?", [inode.value])
  }

  /// Removes the last traces of an inode without names and handles.
  func erase(_ record: InodeRecord) throws {
    let number = record.number.value
    try condemn(record.content)
    try run("DELETE FROM attribute WHERE inode = ?", [number])
    try run("DELETE FROM alias WHERE inode = ?", [number])
    try abandonUpload(of: record.number)
    try run("DELETE FROM inode WHERE id = ?", [number])
  }

  /// Nothing refers to a content file any more. Its row stays until the file is gone: one that a
  /// crash leaves is then removed, and not taken for something unknown.
  func condemn(_ content: ContentNumber) throws {
    for table in ["extent", "change", "hole", "unsynced"] {
      try run("DELETE FROM \(table) WHERE content = ?", [content.value])
    }
    try run("UPDATE content SET inode = 0 WHERE id = ?", [content.value])
  }
}
