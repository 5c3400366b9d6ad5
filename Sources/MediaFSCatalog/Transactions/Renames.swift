package import MediaFSCore
package import ObjectStorage
import SystemPackage

/// What a rename did besides moving the name.
package struct RenameOutcome: Sendable {
  package var moved: InodeRecord
  /// The inode whose name was taken over, as it was; it has lost that name.
  package var replaced: InodeRecord?
}

extension Catalog {
  /// Gives an inode another name (rename(2)): one row moves, however much lies beneath it. What
  /// lies beneath keeps its stored keys until the reconciler has moved the objects, and what was
  /// never listed is found where it was.
  package func rename(
    _ name: FileName, in parent: InodeNumber, to newName: FileName, in newParent: InodeNumber,
    replacing: Bool, at now: Timestamp, isOpen: (InodeNumber) -> Bool
  ) throws(CatalogError) -> RenameOutcome {
    try write { database in
      let moved = try database.requireChild(name, of: parent)
      _ = try database.requireDirectory(newParent)
      let existing = try database.child(newName, of: newParent).map {
        try Self.counted($0, database)
      }
      if existing != nil, !replacing { throw CatalogError.rule(.fileExists) }
      // rename(2): two names of one inode stay as they are.
      if existing?.number == moved.number { return RenameOutcome(moved: moved, replaced: nil) }
      try Self.refuseLoop(moved, newParent, database)
      let source = try Self.source(of: moved, database)
      var place: Int64?
      if let existing {
        try Self.checkReplacement(of: existing, by: moved, database)
        // A name that is taken over keeps its place: whoever reads the directory meanwhile, and
        // is between the two places, would else miss it or see it twice.
        place = try database.integer(
          "SELECT id FROM entry WHERE parent = ? AND name = ?", [newParent.value, newName.text])
        try remove(
          existing, newName, newParent, at: now, database, isOpen: isOpen(existing.number))
      }
      try database.run(
        """
        UPDATE entry SET id = coalesce(?, id), parent = ?, name = ? WHERE parent = ? AND name = ?
        """, [place, newParent.value, newName.text, parent.value, name.text])
      if moved.kind == .directory, parent != newParent {
        try database.run("UPDATE inode SET links = links - 1 WHERE id = ?", [parent.value])
        try database.run("UPDATE inode SET links = links + 1 WHERE id = ?", [newParent.value])
      }
      try finish(moved, from: source, at: now, database)
      try finish(parents: [parent, newParent], at: now, database)
      return RenameOutcome(moved: moved, replaced: existing)
    }
  }

  /// Two names change places (RENAME_EXCHANGE of renameat2(2)).
  package func exchange(
    _ name: FileName, in parent: InodeNumber, with other: FileName, in otherParent: InodeNumber,
    at now: Timestamp
  ) throws(CatalogError) {
    try write { database in
      let first = try database.requireChild(name, of: parent)
      let second = try database.requireChild(other, of: otherParent)
      guard first.number != second.number else { return }
      try Self.refuseLoop(first, otherParent, database)
      try Self.refuseLoop(second, parent, database)
      let sources = (
        try Self.source(of: first, database), try Self.source(of: second, database)
      )
      let point = "UPDATE entry SET inode = ? WHERE parent = ? AND name = ?"
      try database.run(point, [second.number.value, parent.value, name.text])
      try database.run(point, [first.number.value, otherParent.value, other.text])
      if parent != otherParent {
        let change = "UPDATE inode SET links = links + ? WHERE id = ?"
        let gained = (second.kind == .directory ? 1 : 0) - (first.kind == .directory ? 1 : 0)
        try database.run(change, [gained, parent.value])
        try database.run(change, [-gained, otherParent.value])
      }
      try finish(first, from: sources.0, at: now, database)
      try finish(second, from: sources.1, at: now, database)
      try finish(parents: [parent, otherParent], at: now, database)
    }
  }

  /// Where the tree of a directory lies that is about to move; `nil` for what has no tree.
  private static func source(of moved: InodeRecord, _ database: Connection) throws -> TreeSource? {
    guard moved.kind == .directory else { return nil }
    guard let source = try database.source(of: moved.number) else {
      throw CatalogError.rule(.noSuchFileOrDirectory)
    }
    return source
  }

  private func finish(
    _ moved: InodeRecord, from source: TreeSource?, at now: Timestamp, _ database: Connection
  ) throws {
    try database.run(
      "UPDATE inode SET changed = ? WHERE id = ?",
      [now.nanosecondsSinceEpoch, moved.number.value])
    try database.enqueue(moved.number, at: now, schedule, source: source)
  }

  private func finish(
    parents: Set<InodeNumber>, at now: Timestamp, _ database: Connection
  ) throws {
    for parent in parents {
      try database.touch(directory: parent, at: now)
      try database.keepDirectory(parent, at: now, schedule)
    }
  }

  /// `EINVAL` when a directory would come to lie beneath itself.
  private static func refuseLoop(
    _ moved: InodeRecord, _ newParent: InodeNumber, _ database: Connection
  ) throws {
    guard moved.kind == .directory else { return }
    var current = newParent
    while current != .root {
      if current == moved.number { throw CatalogError.rule(.invalidArgument) }
      guard
        let parent = try database.integer(
          "SELECT parent FROM entry WHERE inode = ?", [current.value])
      else { throw CatalogError.rule(.noSuchFileOrDirectory) }
      current = InodeNumber(parent)
    }
  }

  private static func checkReplacement(
    of existing: InodeRecord, by moved: InodeRecord, _ database: Connection
  ) throws {
    switch (moved.kind == .directory, existing.kind == .directory) {
    case (true, false): throw CatalogError.rule(.notDirectory)
    case (false, true): throw CatalogError.rule(.isDirectory)
    case (true, true):
      guard try database.isEmpty(existing.number) else {
        throw CatalogError.rule(.directoryNotEmpty)
      }
    case (false, false): break
    }
  }
}
