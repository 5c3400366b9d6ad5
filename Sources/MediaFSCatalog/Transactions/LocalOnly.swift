package import MediaFSCore
package import ObjectStorage

/// What the store does not get (`local.only`). It is dirty for ever and never queued: the mark in
/// its row says that this is how it should be.
extension Catalog {
  /// The store is to have nothing of an inode that has only covered names, and all of it is here:
  /// from now on it has none. Objects that it had under other names are buried.
  ///
  /// - Parameters:
  ///   - seen: what the caller has made sure of. Nothing is done when that has changed.
  ///   - yielded: keys whose objects stay, though nothing here refers to them any more.
  /// - Returns: whether that was done.
  package func keepHere(
    _ seen: Placement, yielding yielded: Set<ObjectKey>, at now: Timestamp
  ) throws(CatalogError) -> Bool {
    try write { database in
      let number = seen.inode.number
      guard let current = try database.placement(of: number), current.inode.linkCount > 0,
        current.paths == seen.paths, current.aliases == seen.aliases,
        current.inode.object == seen.inode.object, current.inode.content == seen.inode.content,
        current.inode.attributesKnown, try !database.isBusy(number)
      else { return false }
      if let object = current.inode.object, !yielded.contains(object.key) {
        let side = current.inode.linkGroup == nil ? current.inode.sideKey : nil
        try database.bury(
          object, seen: current.inode.committedAt, side: side, at: now, due: schedule.deletion(now))
      }
      for alias in current.aliases {
        if !yielded.contains(alias.object.key) {
          try database.bury(
            alias.object, seen: alias.committedAt, at: now, due: schedule.deletion(now))
        }
        try database.removeAlias(at: alias.object.key)
      }
      try database.run("DELETE FROM change WHERE content = ?", [current.inode.content.value])
      try Self.removeAllSums(of: current.inode.content, database)
      try database.run(
        """
        UPDATE inode SET object_key = NULL, object_etag = NULL, object_size = 0, base_size = 0,
          side_key = NULL, local_only = 1
        WHERE id = ?
        """, [number.value])
      try database.run("DELETE FROM journal WHERE inode = ?", [number.value])
      for row in try database.rows("SELECT parent FROM entry WHERE inode = ?", [number.value]) {
        try database.keepDirectory(InodeNumber(row[0]), at: now, schedule)
      }
      return true
    }
  }

  /// Queues what was kept from the store by patterns that are no more. What is covered by new ones
  /// is in the store and stays there until it changes here.
  package func follow(_ patterns: PatternList, at now: Timestamp) throws(CatalogError) {
    let name = "local.only"
    if let known = try note(name), known.utf8.elementsEqual(patterns.text.utf8) { return }
    try write { database in
      let kept = try database.rows("SELECT id FROM inode WHERE local_only")
        .map { InodeNumber($0[0]) }
      for inode in kept where try !database.isCovered(inode, schedule) {
        try database.enqueue(inode, at: now, schedule)
      }
    }
    try note(name, patterns.text)
  }

  /// Whether the store is to have nothing beneath a directory, so that it needs a marker.
  package func holdsNothingToStore(_ directory: InodeNumber) throws(CatalogError) -> Bool {
    try read { try !$0.holdsAnythingToStore(directory) }
  }
}

extension Connection {
  /// Takes an inode out of the journal, or does not put it in, where the store is to have nothing
  /// of it and has nothing. Returns false where something is to be done.
  ///
  /// - Parameter isTree: it was renamed with all that lies beneath, which has to be looked through.
  func settleHere(
    _ inode: InodeNumber, _ schedule: JournalSchedule, isTree: Bool
  ) throws -> Bool {
    guard !isTree, try isCovered(inode, schedule), let record = try self.inode(inode),
      record.object == nil, record.attributesKnown, try isWhole(record), try !isBusy(inode),
      try aliases(of: inode).isEmpty
    else {
      try run("UPDATE inode SET local_only = 0 WHERE id = ? AND local_only", [inode.value])
      return false
    }
    try run("UPDATE inode SET local_only = 1 WHERE id = ? AND NOT local_only", [inode.value])
    try run("DELETE FROM journal WHERE inode = ?", [inode.value])
    return true
  }

  /// All names of an inode are covered by `local.only`, and it has one.
  func isCovered(_ inode: InodeNumber, _ schedule: JournalSchedule) throws -> Bool {
    guard !schedule.localOnly.isEmpty else { return false }
    let paths = try paths(of: inode)
    return !paths.isEmpty && paths.allSatisfy { schedule.localOnly.covers($0) }
  }

  /// The store has parts of it, or a tree beneath it has to be looked through.
  func isBusy(_ inode: InodeNumber) throws -> Bool {
    try exists(
      """
      SELECT 1 FROM upload WHERE inode = ?
      UNION ALL SELECT 1 FROM journal WHERE inode = ? AND deep > 0
      """, [inode.value, inode.value])
  }

  /// Whether anything is in a directory that the store has or gets.
  func holdsAnythingToStore(_ directory: InodeNumber) throws -> Bool {
    try exists(
      """
      SELECT 1 FROM entry JOIN inode ON inode.id = entry.inode
      WHERE entry.parent = ? AND NOT inode.local_only
      """, [directory.value])
  }
}
