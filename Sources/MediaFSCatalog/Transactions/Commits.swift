package import MediaFSCore
package import ObjectStorage

/// The checksums of a content file when its version is committed.
package struct CommittedSums: Sendable {
  package var all = ExtentSums()
  /// The segments of which some are new.
  package var segments: Set<Int64> = []

  package init(_ all: ExtentSums = ExtentSums(), segments: Set<Int64> = []) {
    self.all = all
    self.segments = segments
  }
}

/// What the store has confirmed.
package struct Commit: Sendable {
  package var inode: InodeNumber
  package var object: StoredObject
  /// The content that the object holds, and the attributes that its metadata holds.
  package var version: Int64
  package var attributeVersion: Int64
  /// The object beside that its metadata refers to.
  package var sideKey: ObjectKey?
  /// For a copy: when the store last compared its source with what it was to be.
  package var sourceSeen: Timestamp?
  /// For an object that holds a state that is not known: the next attempt replaces it.
  package static let unknownVersion = AliasRecord.unknownVersion
  package var sums = CommittedSums()

  package init(
    inode: InodeNumber, object: StoredObject, version: Int64, attributeVersion: Int64,
    sideKey: ObjectKey? = nil
  ) {
    self.inode = inode
    self.object = object
    self.version = version
    self.attributeVersion = attributeVersion
    self.sideKey = sideKey
  }
}

extension Catalog {
  /// Records a verified object as the primary one and the committed state of an inode, and buries
  /// the object it replaces at another key. The journal row stays until ``finish(_:paths:at:)``.
  ///
  /// Returns the inode as it is now; `nil` when it was deleted meanwhile: the object just written
  /// is then buried.
  package func commit(_ commit: Commit, at now: Timestamp) throws(CatalogError) -> InodeRecord? {
    try write { database in
      let key = commit.object.key.text
      // Whatever was to be deleted at this key has been overwritten.
      try database.burySide(
        ofBuried: commit.object.key, at: now, due: schedule.deletion(now))
      try database.run("DELETE FROM tombstone WHERE key = ?", [key])
      guard let before = try database.inode(commit.inode), before.linkCount > 0 else {
        try database.bury(
          commit.object, seen: now, side: commit.sideKey, at: now, due: schedule.deletion(now))
        return nil
      }
      try database.exchangeSide(of: before, for: commit.sideKey, at: now, schedule)
      try database.removeAlias(at: commit.object.key)
      if let old = before.object, old.key != commit.object.key {
        let seen = max(commit.sourceSeen ?? .epoch, before.committedAt)
        try database.bury(old, seen: seen, at: now, due: schedule.deletion(now))
      }
      try database.run(
        """
        UPDATE inode SET object_key = ?, object_etag = ?, object_size = ?,
          link_state = iif(committed_version = ? AND committed_attribute_version = ?,
            link_state, NULL),
          committed_version = ?, committed_attribute_version = ?, committed_at = ?, side_key = ?
        WHERE id = ?
        """,
        [
          key, commit.object.etag.text, commit.object.size, commit.version,
          commit.attributeVersion, commit.version, commit.attributeVersion,
          now.nanosecondsSinceEpoch, commit.sideKey?.text, commit.inode.value,
        ])
      let after = try database.require(commit.inode)
      let wasLocal = before.isContentDirty || before.object == nil
      if !after.isContentDirty, after.kind == .regular, wasLocal {
        try Self.becomeClean(after, commit.sums, at: now, database)
      }
      try database.abandonUpload(of: commit.inode)
      return try database.require(commit.inode)
    }
  }

  /// Records a verified copy of the primary object for another name of an inode.
  package func commitAlias(_ commit: Commit, at now: Timestamp) throws(CatalogError) {
    try write { database in
      try database.burySide(
        ofBuried: commit.object.key, at: now, due: schedule.deletion(now))
      try database.run("DELETE FROM tombstone WHERE key = ?", [commit.object.key.text])
      guard let before = try database.inode(commit.inode), before.linkCount > 0 else {
        return try database.bury(
          commit.object, seen: now, at: now, due: schedule.deletion(now))
      }
      let alias = AliasRecord(
        object: commit.object, version: commit.version,
        attributeVersion: commit.attributeVersion, committedAt: now)
      try database.put(alias, of: commit.inode)
    }
  }

  /// The primary object of an inode and one of its aliases change places.
  package func promote(
    _ key: ObjectKey, of inode: InodeNumber
  ) throws(CatalogError) -> InodeRecord? {
    try write { database in
      guard let record = try database.inode(inode),
        let heir = try database.alias(of: inode, at: key),
        heir.version == record.committedVersion
      else { return nil }
      try database.promote(heir, of: inode)
      if let old = record.object {
        let alias = AliasRecord(
          object: old, version: record.committedVersion,
          attributeVersion: record.committedAttributeVersion, committedAt: record.committedAt)
        try database.put(alias, of: inode)
      }
      return try database.require(inode)
    }
  }

  /// An object that no name of an inode wants any more is deleted.
  package func buryAlias(
    at key: ObjectKey, of inode: InodeNumber, at now: Timestamp
  ) throws(CatalogError) {
    try write { database in
      guard let alias = try database.alias(of: inode, at: key) else { return }
      try database.bury(
        alias.object, seen: alias.committedAt, at: now, due: schedule.deletion(now))
      try database.removeAlias(at: key)
    }
  }

  /// Another inode is about to write at a key where this one has an alias; the primary object has
  /// the same bytes. Whoever writes knows from the tombstone what to expect there.
  package func vacate(
    _ key: ObjectKey, for inode: InodeNumber, at now: Timestamp
  ) throws(CatalogError) {
    try write { database in
      guard
        let other = try database.integer(
          "SELECT inode FROM alias WHERE key = ? AND inode != ?", [key.text, inode.value]
        ).map({ InodeNumber($0) }), let alias = try database.alias(of: other, at: key)
      else { return }
      try database.bury(
        alias.object, seen: alias.committedAt, at: now, due: schedule.deletion(now))
      try database.removeAlias(at: key)
      try database.enqueue(other, at: now, schedule)
    }
  }

  /// All of a file that was just uploaded is the object's: what is here can be evicted and fetched
  /// again. What was not here was copied from the old object by the store, and still is not.
  private static func becomeClean(
    _ record: InodeRecord, _ sums: CommittedSums, at now: Timestamp,
    _ database: Connection
  ) throws {
    try database.run(
      "UPDATE inode SET base_size = object_size WHERE id = ?", [record.number.value])
    try keep(record.size, of: record.content, database)
    try database.run("DELETE FROM change WHERE content = ?", [record.content.value])
    let own = min(record.baseSize, record.size)..<record.size
    let segments = Segment.covering(own)
    try recordSums(
      sums.all, of: record.content, segments: sums.segments.filter { !segments.contains($0) },
      database)
    guard !own.isEmpty else { return }
    let first = segments.lowerBound * Segment.length
    var present = ByteRangeSet(own)
    for row in try database.rows(
      "SELECT start, end FROM extent WHERE content = ? AND start >= ? AND start < ?",
      [record.content.value, first, own.lowerBound])
    {
      let start: Int64 = row[0]
      present.insert(start..<max(start, row[1]))
    }
    try replaceExtents(
      of: record.content, segments: segments, with: present.ranges, sums: sums.all,
      accessed: now, database)
  }

  /// Takes an inode out of the journal, unless something is left to be done: what becomes necessary
  /// while the store is brought up to date finds the row there and adds none.
  ///
  /// - Parameter isSettled: whether the store agrees with a placement; it is told of a directory
  ///   whether the store is to have nothing beneath. Asked in the transaction that removes the row.
  /// - Returns: whether the row is gone.
  package func finish(
    _ inode: InodeNumber, at now: Timestamp, where isSettled: (Placement, _ isEmpty: Bool) -> Bool
  ) throws(CatalogError) -> Bool {
    try write { database in
      let number = inode.value
      if let placement = try database.placement(of: inode), placement.inode.linkCount > 0 {
        let isDirectory = placement.inode.kind == .directory
        let isEmpty = try isDirectory && !database.holdsAnythingToStore(inode)
        guard isSettled(placement, isEmpty),
          try !database.exists("SELECT 1 FROM journal WHERE inode = ? AND deep > 0", [number])
        else { return false }
      }
      // A directory that needs no marker was never committed: it agrees all the same.
      try database.run(
        """
        UPDATE inode SET committed_version = version,
          committed_attribute_version = attribute_version
        WHERE id = ? AND kind = ?
        """, [number, FileKind.directory.rawValue])
      try database.run("DELETE FROM journal WHERE inode = ?", [number])
      return true
    }
  }

  /// The object is elsewhere in the store now, with the same bytes, to make room at its key. What
  /// is left there is buried, so that whoever writes there next knows what to expect. The copy of
  /// an inode that has lost its last name meanwhile is buried: an open file puts that off.
  ///
  /// - Parameter seen: when the other one was known to be there.
  package func relocate(
    _ inode: InodeNumber, to object: StoredObject, sourceSeen seen: Timestamp = .epoch,
    at now: Timestamp
  ) throws(CatalogError) {
    try write { database in
      guard let record = try database.inode(inode), record.linkCount > 0 else {
        return try database.bury(object, seen: now, at: now, due: schedule.deletion(now))
      }
      if let old = record.object, old.key != object.key {
        let seen = max(seen, record.committedAt)
        try database.bury(old, seen: seen, at: now, due: schedule.deletion(now))
      }
      try database.run("DELETE FROM tombstone WHERE key = ?", [object.key.text])
      try database.removeAlias(at: object.key)
      try database.run(
        """
        UPDATE inode SET object_key = ?, object_etag = ?, object_size = ?, committed_at = ?
        WHERE id = ?
        """,
        [
          object.key.text, object.etag.text, object.size, now.nanosecondsSinceEpoch, inode.value,
        ])
    }
  }

  /// Who else has its primary object at a key.
  package func occupant(
    of key: ObjectKey, besides inode: InodeNumber
  ) throws(CatalogError) -> InodeRecord? {
    try read { database in
      try database.row(
        "SELECT \(InodeColumns.all) FROM inode WHERE object_key = ? AND id != ?",
        [key.text, inode.value]
      ).map(InodeRecord.init(row:))
    }
  }
}
