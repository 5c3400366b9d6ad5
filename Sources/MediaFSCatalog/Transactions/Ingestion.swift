import MediaFSCore
import ObjectStorage

/// One directory's listing on its way into the catalog, within one transaction.
struct Ingestion {
  let database: Connection
  let listing: DirectoryListing
  let directory: InodeNumber
  let defaults: RootAttributes
  let isOpen: (InodeNumber) -> Bool
  let schedule: JournalSchedule
  /// What lies at these keys is a part of a tree that was renamed and is not known yet.
  let isClaimed: Bool
  var outcome = ListingOutcome()

  /// The marker carries the directory's attributes: another version of it, other attributes.
  mutating func takeMarker(_ parent: InodeRecord) throws {
    guard !parent.isAttributeDirty, !parent.isLocalOnly, parent.committedAt < listing.began,
      parent.object?.etag != listing.marker?.etag, try !isMoving(parent.number),
      try !isExpected(listing.marker?.key)
    else { return }
    // That of a directory that was here before and was replaced, or is on its way elsewhere.
    if let marker = listing.marker, try isBuried(marker) || isHeld(marker, besides: directory) {
      return
    }
    try database.run(
      """
      UPDATE inode SET object_key = ?, object_etag = ?, object_size = ?, attributes_known = ?,
        side_key = NULL
      WHERE id = ?
      """,
      [
        listing.marker?.key.text, listing.marker?.etag.text, listing.marker?.size ?? 0,
        listing.marker == nil, parent.number.value,
      ])
  }

  /// A marker that still lies where the directory was before it was renamed. It is to follow, or it
  /// would be taken for a directory of the old name; attributes that were changed here win.
  mutating func takeMarkerOfMovingTree(_ parent: InodeRecord) throws {
    guard let marker = listing.marker, parent.object == nil, try !isSpokenFor(marker) else {
      return
    }
    try database.run(
      """
      UPDATE inode SET object_key = ?, object_etag = ?, object_size = ?, attributes_known = ?
      WHERE id = ?
      """,
      [
        marker.key.text, marker.etag.text, marker.size,
        parent.isAttributeDirty && parent.attributesKnown, parent.number.value,
      ])
    // The expansion has queued the children of the directory above, but without the marker there
    // was nothing to move.
    try database.enqueue(parent.number, at: listing.began, schedule)
  }

  mutating func take(_ child: DirectoryListing.Child) throws {
    let existing = try database.child(child.name, of: directory)
    switch child.content {
    case .file(let object, let modified):
      guard let existing else {
        guard try !isSpokenFor(object) else {
          if try isDoubtful(object) { outcome.doubtful.append(object.key) }
          return
        }
        // What was to be deleted here was another object.
        try database.run("DELETE FROM tombstone WHERE key = ?", [object.key.text])
        try insertFile(child.name, object, modified)
        return
      }
      guard existing.kind == .directory else {
        return try update(existing, child.name, object, modified)
      }
      // A directory that was replaced by a file elsewhere.
      guard try !hasLocalNews(beneath: existing.number), try !isSpokenFor(object) else { return }
      let place = try place(of: child.name)
      try removeTree(existing, keys: object.key.text + "/")
      try remove(existing, child.name, object.key)
      try insertFile(child.name, object, modified, at: place)
    case .directory(let prefix):
      guard let existing else {
        guard try !isSpokenFor(prefix: prefix, child.name) else {
          return outcome.doubtful += try doubtful(beneath: prefix)
        }
        return try insertDirectory(child.name)
      }
      // A file that was replaced by a directory elsewhere; one that is dirty here stays, and so
      // does one that took the place of a directory whose objects are not deleted yet.
      let key = ObjectKey(String(Substring(prefix.text.utf8.dropLast())))
      guard existing.kind != .directory, try isReplaceable(existing, at: key),
        try !isSpokenFor(prefix: prefix, child.name)
      else { return }
      let place = try place(of: child.name)
      try remove(existing, child.name, key)
      try insertDirectory(child.name, at: place)
    }
  }

  /// Names that the store does not have any more.
  mutating func removeAbsent(listed: Set<FileName>, keyOf: (FileName) -> ObjectKey) throws {
    let rows = try database.rows(
      """
      SELECT \(InodeColumns.all), entry.name FROM entry JOIN inode ON inode.id = entry.inode
      WHERE entry.parent = ?
      """, [directory.value])
    for row in rows {
      guard let name = FileName(row[InodeColumns.count]), !listed.contains(name) else { continue }
      let record = try current(InodeRecord(row: row))
      if record.kind == .directory {
        guard try !hasLocalNews(beneath: record.number) else { continue }
        try removeTree(record, keys: keyOf(name).text + "/")
        try remove(record, name, keyOf(name))
      } else if try isReplaceable(record, at: keyOf(name)) {
        try remove(record, name, keyOf(name))
      }
    }
  }

  /// The inode as it is after other names of it were taken away.
  private func current(_ record: InodeRecord) throws -> InodeRecord {
    record.linkCount > 1 && record.kind != .directory ? try database.require(record.number) : record
  }

  /// It has an object at this key, nothing of it waits to be sent, and the listing is newer than
  /// what we know.
  private func isReplaceable(_ record: InodeRecord, at key: ObjectKey) throws -> Bool {
    guard !record.isContentDirty else { return false }
    if let object = record.object, object.key == key { return record.committedAt < listing.began }
    // With one name left, another object than the primary one is on its way to become that.
    guard let alias = try database.alias(of: record.number, at: key),
      try database.nameCount(of: record.number) > 1
    else { return false }
    return alias.committedAt < listing.began
  }

  private mutating func update(
    _ existing: InodeRecord, _ name: FileName, _ object: StoredObject, _ modified: Timestamp
  ) throws {
    guard try isReplaceable(existing, at: object.key) else { return }
    let held =
      existing.object?.key == object.key
      ? existing.object : try database.alias(of: existing.number, at: object.key)?.object
    guard let held, held.etag != object.etag || held.size != object.size,
      try !isExpected(object.key)
    else { return }
    let place = try place(of: name)
    if try separate(existing, name, object.key) {
      return try insertFile(name, object, modified, at: place)
    }
    guard existing.object?.key == object.key else { return }
    guard try database.nameCount(of: existing.number) > 1 else {
      // One inode, and one page cache, never has two versions: who has the old one open keeps it,
      // and who opens what the kernel still takes for the old one is told to look again (ESTALE).
      let new = try makeFile(object, modified)
      if existing.isAttributeDirty, existing.kind == .regular {
        try keepAttributes(of: existing, for: new)
      }
      try remove(existing, name, object.key)
      return try insertEntry(name, new, at: place)
    }
    try replace(existing, object, modified)
  }

  /// Attributes that were changed here win over those of a new version.
  private func keepAttributes(of existing: InodeRecord, for new: InodeNumber) throws {
    try database.run(
      """
      UPDATE inode SET (permissions, uid, gid, accessed, modified, attributes_chosen) =
          (SELECT permissions, uid, gid, accessed, modified, attributes_chosen FROM inode
            WHERE id = ?),
        attributes_known = 1, attribute_version = 1, extended_version = 1 WHERE id = ?
      """, [existing.number.value, new.value])
    try database.run(
      "INSERT INTO attribute SELECT ?, name, value FROM attribute WHERE inode = ?",
      [new.value, existing.number.value])
    try database.enqueue(new, at: listing.began, schedule)
  }

  /// Nothing but the object of one name had the bytes of all of them: they are the new version, and
  /// their other objects, of which none holds anything of it, have to be made anew.
  private mutating func replace(
    _ existing: InodeRecord, _ object: StoredObject, _ modified: Timestamp
  ) throws {
    outcome.changed.append(try Catalog.counted(existing, database))
    try database.condemn(existing.content)
    let isKept = existing.kind == .regular
    let time = (isKept ? existing.modified : modified).nanosecondsSinceEpoch
    try database.run(
      """
      UPDATE inode SET object_etag = ?, object_size = ?, base_size = ?, size = ?, modified = ?,
        changed = ?, content = 0, hole_bytes = 0, attributes_known = ?, target = NULL,
        side_key = NULL, attribute_version = attribute_version + 1 WHERE id = ?
      """,
      [
        object.etag.text, object.size, object.size, object.size, time,
        modified.nanosecondsSinceEpoch, isKept, existing.number.value,
      ])
    try database.run(
      "UPDATE alias SET version = ? WHERE inode = ?",
      [AliasRecord.unknownVersion, existing.number.value])
    try database.enqueue(existing.number, at: listing.began, schedule)
  }

  /// One of several names stands for another object now: the others stay what they are. Returns
  /// false when there are no others, or nothing but that object had their bytes.
  private mutating func separate(
    _ existing: InodeRecord, _ name: FileName, _ key: ObjectKey
  ) throws -> Bool {
    guard try database.nameCount(of: existing.number) > 1,
      try database.lose(key, of: existing, at: listing.began, schedule)
    else { return false }
    try removeName(of: existing, name)
    return true
  }

  /// Takes one name of several away. Others have done it, so they tell the store how many are left.
  private mutating func removeName(
    of record: InodeRecord, _ name: FileName, in parent: InodeNumber? = nil
  ) throws {
    try database.run(
      "DELETE FROM entry WHERE parent = ? AND name = ?", [(parent ?? directory).value, name.text])
    try database.run(
      """
      UPDATE inode SET links = max(links - 1, (SELECT count(*) FROM entry WHERE inode = inode.id))
      WHERE id = ?
      """, [record.number.value])
    outcome.moved.append(record.number)
    outcome.added.append(name)
  }

  /// The number of an entry. What takes its place gets it too: who has read the directory as far
  /// as that would see the name again, at a new one.
  private func place(of name: FileName) throws -> Int64? {
    try database.integer(
      "SELECT id FROM entry WHERE parent = ? AND name = ?", [directory.value, name.text])
  }

  /// - Parameter place: the number of the entry; `nil` for a new one.
  private mutating func insertEntry(
    _ name: FileName, _ inode: InodeNumber, at place: Int64?
  ) throws {
    try database.run(
      "INSERT INTO entry (id, parent, name, inode) VALUES (?, ?, ?, ?)",
      [place, directory.value, name.text, inode.value])
    outcome.added.append(name)
  }

  private mutating func insertFile(
    _ name: FileName, _ object: StoredObject, _ modified: Timestamp, at place: Int64? = nil
  ) throws {
    try insertEntry(name, makeFile(object, modified), at: place)
  }

  /// The inode of an object of which nothing else is known yet.
  private func makeFile(_ object: StoredObject, _ modified: Timestamp) throws -> InodeNumber {
    let time = modified.nanosecondsSinceEpoch
    try database.run(
      """
      INSERT INTO inode (kind, permissions, uid, gid, links, size, accessed, modified, changed,
        attributes_known, object_key, object_etag, object_size, base_size)
      VALUES (?, 0, ?, ?, 1, ?, ?, ?, ?, 0, ?, ?, ?, ?)
      """,
      [
        FileKind.regular.rawValue, defaults.owner.user, defaults.owner.group, object.size, time,
        time, time, object.key.text, object.etag.text, object.size, object.size,
      ])
    return InodeNumber(database.lastInsertedRowID)
  }

  private mutating func insertDirectory(_ name: FileName, at place: Int64? = nil) throws {
    let time = defaults.time.nanosecondsSinceEpoch
    try database.run(
      """
      INSERT INTO inode (kind, permissions, uid, gid, links, accessed, modified, changed,
        attributes_known) VALUES (?, ?, ?, ?, 2, ?, ?, ?, 0)
      """,
      [
        FileKind.directory.rawValue, defaults.permissions, defaults.owner.user,
        defaults.owner.group, time, time, time,
      ])
    try insertEntry(name, InodeNumber(database.lastInsertedRowID), at: place)
    try database.run("UPDATE inode SET links = links + 1 WHERE id = ?", [directory.value])
  }

  private mutating func remove(
    _ record: InodeRecord, _ name: FileName, _ key: ObjectKey
  ) throws {
    if record.kind != .directory, try database.nameCount(of: record.number) > 1 {
      _ = try database.lose(key, of: record, at: listing.began, schedule)
      return try removeName(of: record, name)
    }
    outcome.removed.append((name, directory, try Catalog.counted(record, database)))
    try database.run(
      "DELETE FROM entry WHERE parent = ? AND name = ?", [directory.value, name.text])
    if record.kind == .directory {
      try database.run("UPDATE inode SET links = links - 1 WHERE id = ?", [directory.value])
    }
    var bare = record
    bare.object = nil  // Its object is gone already: nothing to bury.
    try database.removeAlias(at: key)
    try database.drop(
      bare, seen: listing.began, at: listing.began, schedule, isOpen: isOpen(record.number),
      deleteDue: nil)
  }

  /// - Parameter keys: what the keys of all that lies beneath begin with.
  private mutating func removeTree(_ directory: InodeRecord, keys: String) throws {
    let rows = try database.rows(
      """
      SELECT \(InodeColumns.all), entry.name FROM entry JOIN inode ON inode.id = entry.inode
      WHERE entry.parent = ?
      """, [directory.number.value])
    for row in rows {
      let record = try current(InodeRecord(row: row))
      let text: String = row[InodeColumns.count]
      let name = FileName(text)
      if record.kind == .directory { try removeTree(record, keys: keys + text + "/") }
      if record.kind != .directory, let name, try database.nameCount(of: record.number) > 1 {
        let key = ObjectKey(keys + text)
        _ = try database.lose(key, of: record, at: listing.began, schedule)
        try removeName(of: record, name, in: directory.number)
        continue
      }
      if let name {
        outcome.removed.append((name, directory.number, try Catalog.counted(record, database)))
      }
      try database.run(
        "DELETE FROM entry WHERE parent = ? AND name = ?",
        [directory.number.value, text])
      var bare = record
      bare.object = nil
      try database.removeAlias(at: ObjectKey(keys + text))
      try database.drop(
        bare, seen: listing.began, at: listing.began, schedule, isOpen: isOpen(record.number),
        deleteDue: nil)
    }
  }
}
