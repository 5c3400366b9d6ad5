package import MediaFSCore
package import ObjectStorage
import SystemPackage

/// What a new inode begins with.
package struct NewInode: Sendable {
  package var kind: FileKind
  package var permissions: UInt32
  package var owner: Owner
  package var target: String?
  package var device: UInt64
  /// The attributes differ from what the mount would show without a marker object.
  package var attributesChosen: Bool
  package var extended: ExtendedAttributes

  package init(
    kind: FileKind, permissions: UInt32, owner: Owner, target: String? = nil, device: UInt64 = 0,
    attributesChosen: Bool = true, extended: ExtendedAttributes = ExtendedAttributes()
  ) {
    self.kind = kind
    self.permissions = permissions
    self.owner = owner
    self.target = target
    self.device = device
    self.attributesChosen = attributesChosen
    self.extended = extended
  }
}

/// An entry of a directory with the inode it names.
package struct NamedInode: Sendable {
  /// Grows from entry to entry; where to go on reading.
  package var entry: Int64
  package var name: String
  package var inode: InodeRecord
}

extension Catalog {
  package func inode(_ number: InodeNumber) throws(CatalogError) -> InodeRecord? {
    try read { try $0.inode(number) }
  }

  package func child(
    _ name: FileName, of parent: InodeNumber
  ) throws(CatalogError) -> InodeRecord? {
    try read { try $0.child(name, of: parent) }
  }

  package func path(of inode: InodeNumber) throws(CatalogError) -> [FileName]? {
    try read { try $0.path(of: inode) }
  }

  /// An inode with its path, as of one moment; `nil` when it has none.
  package func named(
    _ inode: InodeNumber
  ) throws(CatalogError) -> (record: InodeRecord, path: [FileName])? {
    try read { database in
      guard let record = try database.inode(inode), record.linkCount > 0,
        let path = try database.path(of: inode)
      else { return nil }
      return (record, path)
    }
  }

  /// The longest relative path beneath a directory as a part of a key, in bytes, among the nearest
  /// `count` entries; a directory's has a slash more.
  package func longestPath(
    beneath directory: InodeNumber, among count: Int
  ) throws(CatalogError) -> Int {
    try read { database in
      var (longest, left) = (0, count)
      var waiting = [(number: directory.value, length: 0)]
      // Nearest first. A recursive query would take all children of a directory before it stops.
      while left > 0, !waiting.isEmpty {
        let above = waiting.removeFirst()
        let rows = try database.rows(
          """
          SELECT inode.id, length(CAST(entry.name AS BLOB)), inode.kind
          FROM entry INDEXED BY entry_parent JOIN inode ON inode.id = entry.inode
          WHERE entry.parent = ? LIMIT ?
          """, [above.number, left])
        left -= rows.count
        for row in rows {
          let isDirectory = row[2] == FileKind.directory.rawValue
          let length = above.length + (row[1] as Int) + (isDirectory ? 1 : 0)
          longest = max(longest, length)
          if isDirectory { waiting.append((row[0], length)) }
        }
      }
      return longest
    }
  }

  /// The inode at a path, or `nil`.
  package func resolve(_ path: [FileName]) throws(CatalogError) -> InodeNumber? {
    try read { database in
      var current = InodeNumber.root
      for name in path {
        guard let child = try database.child(name, of: current) else { return nil }
        current = child.number
      }
      return current
    }
  }

  /// Up to `limit` entries of a directory behind the entry `after`, in an order that stays.
  package func children(
    of directory: InodeNumber, after: Int64, limit: Int
  ) throws(CatalogError) -> [NamedInode] {
    try read { database in
      try database.rows(
        """
        SELECT \(InodeColumns.all), entry.id, entry.name
        FROM entry INDEXED BY entry_parent JOIN inode ON inode.id = entry.inode
        WHERE entry.parent = ? AND entry.id > ? ORDER BY entry.id LIMIT ?
        """, [directory.value, after, limit]
      ).map { row in
        NamedInode(
          entry: row[InodeColumns.count], name: row[InodeColumns.count + 1],
          inode: InodeRecord(row: row))
      }
    }
  }

  /// The directory that holds an inode, by the oldest of its names; the root holds itself.
  package func parent(of inode: InodeNumber) throws(CatalogError) -> InodeNumber {
    try read { database in
      try database.integer(
        "SELECT parent FROM entry WHERE inode = ? ORDER BY id LIMIT 1", [inode.value]
      )
      .map { InodeNumber($0) } ?? .root
    }
  }

  /// Makes an inode and its name. It is dirty from the start: the store has not seen it.
  ///
  /// - Parameter open: of a file that is opened to be written to: makes its content file, before
  ///   anybody else can see the name. It is about to change, as after
  ///   ``beginWriting(_:content:changing:at:)``.
  package func create(
    _ new: NewInode, named name: FileName, in parent: InodeNumber, at now: Timestamp,
    opening open: ((ContentNumber) throws -> Void)? = nil
  ) throws(CatalogError) -> InodeRecord {
    try write { database in
      _ = try database.requireDirectory(parent)
      guard try !database.hasChild(name, of: parent) else {
        throw CatalogError.rule(.fileExists)
      }
      let time = now.nanosecondsSinceEpoch
      let isDirectory = new.kind == .directory
      try database.run(
        """
        INSERT INTO inode (kind, permissions, uid, gid, links, size, accessed, modified, changed,
          device, target, attributes_known, attributes_chosen, version, attribute_version, listed)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, 1, 1, ?)
        """,
        [
          new.kind.rawValue, new.permissions, new.owner.user, new.owner.group, isDirectory ? 2 : 1,
          new.target?.utf8.count ?? 0, time, time, time, Int64(bitPattern: new.device), new.target,
          new.attributesChosen, isDirectory ? time : nil,
        ])
      let number = InodeNumber(database.lastInsertedRowID)
      try database.run(
        "INSERT INTO entry (parent, name, inode) VALUES (?, ?, ?)",
        [parent.value, name.text, number.value])
      try database.insert(new.extended, of: number)
      if isDirectory {
        try database.run("UPDATE inode SET links = links + 1 WHERE id = ?", [parent.value])
      }
      if let open { try open(Self.beginNew(number, database)) }
      try database.touch(directory: parent, at: now)
      try database.enqueue(number, at: now, schedule)
      return try database.require(number)
    }
  }

  /// Removes the name of anything but a directory (unlink(2)). Cancels its queued upload, and
  /// buries its object in the same transaction. Returns the inode as it was.
  ///
  /// - Parameter key: that the name stands for; of an inode with others, the object there goes.
  package func unlink(
    _ name: FileName, in parent: InodeNumber, key: ObjectKey? = nil, at now: Timestamp,
    isOpen: (InodeNumber) -> Bool
  ) throws(CatalogError) -> InodeRecord {
    try write { database in
      let record = try Self.counted(database.requireChild(name, of: parent), database)
      guard record.kind != .directory else { throw CatalogError.rule(.isDirectory) }
      try remove(record, name, parent, key: key, at: now, database, isOpen: isOpen(record.number))
      return record
    }
  }

  /// Removes an empty directory (rmdir(2)). Returns it as it was.
  package func removeDirectory(
    _ name: FileName, in parent: InodeNumber, at now: Timestamp,
    isOpen: (InodeNumber) -> Bool = { _ in false }
  ) throws(CatalogError) -> InodeRecord {
    try write { database in
      let record = try database.requireChild(name, of: parent)
      guard record.kind == .directory else { throw CatalogError.rule(.notDirectory) }
      guard try database.isEmpty(record.number) else {
        throw CatalogError.rule(.directoryNotEmpty)
      }
      try remove(record, name, parent, at: now, database, isOpen: isOpen(record.number))
      return record
    }
  }

  func remove(
    _ record: InodeRecord, _ name: FileName, _ parent: InodeNumber, key: ObjectKey? = nil,
    at now: Timestamp, _ database: Connection, isOpen: Bool
  ) throws {
    let seen = try database.lastSeen(record, in: parent)
    try database.run(
      "DELETE FROM entry WHERE parent = ? AND name = ?", [parent.value, name.text])
    if record.kind == .directory {
      try database.run("UPDATE inode SET links = links - 1 WHERE id = ?", [parent.value])
    }
    try database.drop(
      record, seen: seen, at: now, schedule, isOpen: isOpen,
      deleteDue: schedule.deleteDelay.map { now.advanced(by: $0) }, key: key)
    try database.touch(directory: parent, at: now)
    try database.keepDirectory(parent, at: now, schedule)
  }

  /// Forgets an inode without names after its last handle was closed, and returns it; `nil` when
  /// it still has a name.
  package func eraseIfOrphan(_ inode: InodeNumber) throws(CatalogError) -> InodeRecord? {
    try write { database in
      guard let record = try database.inode(inode), record.linkCount == 0 else { return nil }
      let counted = try Self.counted(record, database)
      try database.erase(record)
      return counted
    }
  }
}
