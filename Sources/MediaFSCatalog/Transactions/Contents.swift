package import MediaFSCore
package import ObjectStorage
import SystemPackage

/// What a file that is being written tells the catalog about itself.
package struct ContentState: Sendable {
  /// In bytes.
  package var size: Int64
  package var modified: Timestamp
  /// `nil` when they are as they were.
  package var holes: ByteRangeSet?
  /// Tells zeros that were written from those that a power cut has left.
  package var endsWithZero: Bool

  package init(
    size: Int64, modified: Timestamp, holes: ByteRangeSet? = nil, endsWithZero: Bool = false
  ) {
    self.endsWithZero = endsWithZero
    self.size = size
    self.modified = modified
    self.holes = holes
  }
}

extension Catalog {
  /// Gives an inode a content file of its own, if it has none.
  package func allocateContent(_ inode: InodeNumber) throws(CatalogError) -> InodeRecord {
    if let record = try self.inode(inode), record.content != .none { return record }
    return try write { database in
      try Self.allocateContent(inode, database)
      return try database.require(inode)
    }
  }

  private static func require(
    _ content: ContentNumber?, of inode: InodeNumber, _ database: Connection
  ) throws {
    guard let content else { return }
    guard try database.require(inode).content == content else {
      throw CatalogError.rule(.staleNFSFileHandle)
    }
  }

  private static func allocateContent(_ inode: InodeNumber, _ database: Connection) throws {
    guard try database.require(inode).content == .none else { return }
    try database.run("INSERT INTO content (inode) VALUES (?)", [inode.value])
    try database.run(
      "UPDATE inode SET content = ? WHERE id = ?", [database.lastInsertedRowID, inode.value])
  }

  /// A new file is about to be written to; returns its content file, which is still to be made.
  static func beginNew(_ inode: InodeNumber, _ database: Connection) throws -> ContentNumber {
    try database.run("INSERT INTO content (inode) VALUES (?)", [inode.value])
    let content = ContentNumber(database.lastInsertedRowID)
    try database.run(
      "UPDATE inode SET content = ?, writing = 1 WHERE id = ?", [content.value, inode.value])
    try markUnsynced(content, database)
    return content
  }

  /// Marks the content dirty, before its first byte changes: whatever was committed, or is being
  /// uploaded, is older from now on. The content file's size and time rule until ``settle``.
  ///
  /// - Parameters:
  ///   - content: the content file that will change; `ESTALE` when the inode has another one by
  ///     now, because its object was replaced at the store. `nil` takes whatever it has.
  ///   - changing: blocks that may differ from the object from now on.
  package func beginWriting(
    _ inode: InodeNumber, content: ContentNumber? = nil, changing: [Range<Int64>] = [],
    at now: Timestamp
  ) throws(CatalogError) -> InodeRecord {
    try write { database in
      try Self.require(content, of: inode, database)
      try Self.allocateContent(inode, database)
      try Self.markUnsynced(database.require(inode).content, database)
      try database.run(
        "UPDATE inode SET version = version + 1, writing = 1 WHERE id = ?", [inode.value])
      let record = try database.require(inode)
      try Self.insertChanges(changing, of: record.content, database)
      if record.linkCount > 0 { try database.enqueue(inode, at: now, schedule) }
      return record
    }
  }

  /// The content file will be cut to `size`: of what lay behind, nothing is the object's any more.
  package func truncate(
    _ inode: InodeNumber, content: ContentNumber? = nil, to size: Int64, at now: Timestamp
  ) throws(CatalogError) -> InodeRecord {
    try write { database in
      try Self.require(content, of: inode, database)
      try Self.allocateContent(inode, database)
      let time = now.nanosecondsSinceEpoch
      try database.run(
        """
        UPDATE inode SET version = version + 1, writing = 1, size = ?,
          base_size = min(base_size, ?), modified = ?, changed = ? WHERE id = ?
        """, [size, size, time, time, inode.value])
      let record = try database.require(inode)
      try Self.cutExtents(of: record.content, to: size, database)
      if record.linkCount > 0 { try database.enqueue(inode, at: now, schedule) }
      return record
    }
  }

  /// Takes size and time over from the content file, and starts the cool-down anew.
  package func settle(
    _ inode: InodeNumber, content: ContentNumber? = nil, _ state: ContentState, at now: Timestamp
  ) throws(CatalogError) {
    try write { database in
      // The bytes of a replaced version are nobody's any more, and so is their size.
      guard let record = try database.inode(inode), content == nil || record.content == content
      else { return }
      let time = state.modified.nanosecondsSinceEpoch
      try database.run(
        """
        UPDATE inode SET size = ?, base_size = min(base_size, ?), modified = ?,
          changed = max(changed, ?), writing = 0
        WHERE id = ?
        """, [state.size, state.size, time, time, inode.value])
      // A crash may have come between the cut of the content file and its record here.
      if record.baseSize > 0 || record.holeBytes > 0 {
        try Self.cutExtents(of: record.content, to: state.size, database)
      }
      try database.run(
        "UPDATE unsynced SET ends_zero = ? WHERE content = ? AND ends_zero != ?",
        [state.endsWithZero, record.content.value, state.endsWithZero])
      if let holes = state.holes {
        try Self.replaceHoles(of: record.content, with: holes, database)
      }
      if record.isContentDirty, record.linkCount > 0 {
        try database.enqueue(inode, at: now, schedule)
      }
    }
  }

  /// All bytes are here: nothing is the object's any more, whatever happens to it.
  package func detach(
    _ inode: InodeNumber, content: ContentNumber? = nil
  ) throws(CatalogError) {
    try write { database in
      try Self.require(content, of: inode, database)
      try database.run(
        "DELETE FROM change WHERE content = (SELECT content FROM inode WHERE id = ?)",
        [inode.value])
      try Self.removeAllSums(of: database.require(inode).content, database)
      try database.run("UPDATE inode SET base_size = 0 WHERE id = ?", [inode.value])
    }
  }

  /// Inodes whose content file knows more than their row: the daemon died while they were open.
  /// Not those of which a power cut may have taken what nobody has found out yet.
  package func unsettled() throws(CatalogError) -> [InodeRecord] {
    try read { database in
      try database.rows(
        """
        SELECT \(InodeColumns.all) FROM inode WHERE writing AND NOT EXISTS (
          SELECT 1 FROM unsynced WHERE unsynced.content = inode.content AND suspect)
        """
      ).map(InodeRecord.init(row:))
    }
  }

  /// Inodes without names that were still open when the daemon died.
  package func orphans() throws(CatalogError) -> [InodeNumber] {
    try read { database in
      try database.rows("SELECT id FROM inode WHERE links = 0").map { InodeNumber($0[0]) }
    }
  }

  /// Content files that nothing refers to any more, and that may still be there; at most `limit`.
  /// To be removed when the catalog is on disk.
  package func condemned(limit: Int) throws(CatalogError) -> [ContentNumber] {
    try read { database in
      try database.rows(
        "SELECT id FROM content INDEXED BY content_condemned WHERE inode = 0 LIMIT ?", [limit]
      ).map { ContentNumber($0[0]) }
    }
  }

  /// Condemned content files are gone.
  package func forget(_ contents: [ContentNumber]) throws(CatalogError) {
    try write { database in
      for content in contents {
        try database.run("DELETE FROM content WHERE id = ? AND inode = 0", [content.value])
      }
    }
  }

  /// Does something with a content file that the catalog does not know, and that nobody can make
  /// meanwhile; nothing with one that it knows.
  package func whileUnknown(
    _ content: ContentNumber, _ body: () throws -> Void
  ) throws(CatalogError) {
    try write { database in
      let isKnown = try database.exists("SELECT 1 FROM content WHERE id = ?", [content.value])
      if !isKnown { try body() }
    }
  }

  /// The inode that a content file belongs to, 0 for one that is to be removed; `nil` when the
  /// catalog knows none of this number.
  package func owner(of content: ContentNumber) throws(CatalogError) -> InodeNumber? {
    try read { database in
      try database.integer("SELECT inode FROM content WHERE id = ?", [content.value])
        .map { InodeNumber($0) }
    }
  }
}
