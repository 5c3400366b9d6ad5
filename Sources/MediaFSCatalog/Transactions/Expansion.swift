package import MediaFSCore
package import ObjectStorage

/// A renamed directory is one row of the journal. Its expansion is what makes that into rows for
/// what lies beneath, behind the running mount.
extension Catalog {
  /// Where the objects of a directory lie that was never listed; `nil` when it is gone.
  package func source(of directory: InodeNumber) throws(CatalogError) -> TreeSource? {
    try read { try $0.source(of: directory) }
  }

  /// A renamed directory whose tree may have an object at a key that nobody here knows of: the
  /// store must not get anything else there before that is found out.
  ///
  /// - Parameter key: relative to the namespace.
  package func claimant(of key: String) throws(CatalogError) -> InodeNumber? {
    try read { try $0.claimant(of: key) }
  }

  /// Queues those children of a listed directory whose objects are not where their paths want
  /// them, or that have none because of where they were (`local.only`), and brings back what is
  /// parked: it may have failed because of its old path. Returns the directories among the
  /// children, and where to go on if there may be more.
  ///
  /// - Parameter due: of the new rows.
  package func enqueueChildren(
    of directory: InodeNumber, after: Int64, limit: Int, keys keySpace: KeySpace, due: Timestamp,
    at now: Timestamp
  ) throws(CatalogError) -> ChildrenPage {
    try write { database in
      var page = ChildrenPage()
      guard let path = try database.path(of: directory) else { return page }
      let rows = try database.rows(
        """
        SELECT entry.id, inode.id, inode.kind, local_only FROM entry INDEXED BY entry_parent
          JOIN inode ON inode.id = entry.inode
        WHERE entry.parent = ? AND entry.id > ? ORDER BY entry.id LIMIT ?
        """, [directory.value, after, limit])
      guard let last: Int64 = rows.last?[0] else { return page }
      for row in rows where row[2] == FileKind.directory.rawValue {
        page.directories.append(InodeNumber(row[1]))
      }
      if rows.count == limit { page.last = last }
      try database.run(
        """
        INSERT INTO journal (inode, since, due)
        SELECT inode.id, ?, ? FROM entry INDEXED BY entry_parent
          JOIN inode ON inode.id = entry.inode LEFT JOIN journal ON journal.inode = inode.id
        WHERE entry.parent = ? AND entry.id > ? AND entry.id <= ?
          AND (journal.parked OR journal.inode IS NULL
            AND object_key != ? || entry.name || iif(inode.kind = ?, '/', ''))
        ON CONFLICT (inode) DO UPDATE SET
          parked = 0, attempts = 0, error = NULL, due = min(due, excluded.due)
        """,
        [
          now.nanosecondsSinceEpoch, due.nanosecondsSinceEpoch, directory.value, after, last,
          keySpace.directoryPrefix(of: path), FileKind.directory.rawValue,
        ])
      page.queued = database.changesCount
      for row in rows where row[3] {
        try database.enqueue(InodeNumber(row[1]), at: now, schedule)
        page.queued += 1
      }
      return page
    }
  }

  /// All descendants have been listed and queued, unless there was another rename meanwhile.
  package func expanded(_ item: JournalItem) throws(CatalogError) {
    try write { database in
      try database.run(
        "UPDATE journal SET deep = 0, source = NULL WHERE inode = ? AND deep = ?",
        [item.inode.value, item.deep])
    }
  }
}

/// What ``Catalog/enqueueChildren(of:after:limit:keys:due:at:)`` has found.
package struct ChildrenPage: Sendable {
  package var directories: [InodeNumber] = []
  /// Rows of the journal that are new or were parked.
  package var queued = 0
  /// Where to go on; `nil` at the end.
  package var last: Int64?
}

extension Connection {
  /// The nearest directory at or above that was renamed decides; without one, the path does.
  func source(of directory: InodeNumber) throws -> TreeSource? {
    var names: [FileName] = []
    var current = directory
    while current != .root {
      let row = try row(
        """
        SELECT entry.parent, entry.name, journal.source FROM entry
          LEFT JOIN journal ON journal.inode = entry.inode
        WHERE entry.inode = ?
        """, [current.value])
      guard let row, let name = FileName(row[1]) else { return nil }
      if let source: String = row[2] {
        return TreeSource(beneath: source, names.reversed(), isPending: true)
      }
      names.append(name)
      current = InodeNumber(row[0])
    }
    return TreeSource(beneath: "", names.reversed(), isPending: false)
  }

  func claimant(of key: String) throws -> InodeNumber? {
    for source in TreeSource.covering(key) {
      let holder = try integer("SELECT inode FROM journal WHERE source = ?", [source])
      if let holder { return InodeNumber(holder) }
    }
    return nil
  }
}
