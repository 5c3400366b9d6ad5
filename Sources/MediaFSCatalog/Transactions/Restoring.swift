package import MediaFSCore
package import ObjectStorage
import SystemPackage

/// A content file that holds what the store does not have, with what is left of its row.
package struct RestoredFile: Sendable {
  package var content: ContentNumber
  /// Where it was when its bytes changed last.
  package var path: [FileName]
  package var permissions: UInt32
  package var owner: Owner
  /// The content file's own, in bytes.
  package var size: Int64
  package var modified: Timestamp
  package var holes: ByteRangeSet
  /// What was in the store before the change: it is replaced only if it is there still.
  package var object: StoredObject?

  package init(
    content: ContentNumber, path: [FileName], permissions: UInt32, owner: Owner, size: Int64,
    modified: Timestamp, holes: ByteRangeSet, object: StoredObject?
  ) {
    self.content = content
    self.path = path
    self.permissions = permissions
    self.owner = owner
    self.size = size
    self.modified = modified
    self.holes = holes
    self.object = object
  }
}

/// Making a catalog anew, of what content files say of themselves.
extension Catalog {
  /// Puts files back under their paths and queues them; all bytes are their own. Directories above
  /// them are made as a listing would: what else is in them is asked of the store.
  ///
  /// - Returns: those whose path was taken, and the path that they have got instead.
  package func restore(
    _ files: [RestoredFile], at now: Timestamp
  ) throws(CatalogError) -> [(RestoredFile, path: [FileName])] {
    try write { database in
      var moved: [(RestoredFile, path: [FileName])] = []
      for file in files {
        let (parent, name, path) = try database.makePlace(for: file, at: now)
        try restore(file, named: name, in: parent, at: now, database)
        if path != file.path { moved.append((file, path)) }
      }
      return moved
    }
  }

  /// Content files whose bytes the store has, or nobody wants: they are removed behind the mount.
  package func condemn(_ contents: [ContentNumber]) throws(CatalogError) {
    try write { database in
      for content in contents {
        try database.run("INSERT INTO content (id, inode) VALUES (?, 0)", [content.value])
      }
    }
  }

  private func restore(
    _ file: RestoredFile, named name: FileName, in parent: InodeNumber, at now: Timestamp,
    _ database: Connection
  ) throws {
    let time = file.modified.nanosecondsSinceEpoch
    try database.run(
      """
      INSERT INTO inode (kind, permissions, uid, gid, links, size, accessed, modified, changed,
        attributes_known, attributes_chosen, version, attribute_version, object_key, object_etag,
        object_size, content)
      VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, 1, 1, 1, 1, ?, ?, ?, ?)
      """,
      [
        FileKind.regular.rawValue, file.permissions, file.owner.user, file.owner.group, file.size,
        time, time, time, file.object?.key.text, file.object?.etag.text, file.object?.size ?? 0,
        file.content.value,
      ])
    let inode = InodeNumber(database.lastInsertedRowID)
    try database.run(
      "INSERT INTO content (id, inode) VALUES (?, ?)", [file.content.value, inode.value])
    try database.run(
      "INSERT INTO entry (parent, name, inode) VALUES (?, ?, ?)",
      [parent.value, name.text, inode.value])
    try Self.replaceHoles(of: file.content, with: file.holes, database)
    try database.enqueue(inode, at: now, schedule)
  }

  /// A name that nothing else has, with as much of its own as there is room for.
  fileprivate static func lost(_ file: RestoredFile) throws -> FileName {
    let mark = " (recovered \(file.content))"
    var stem = Array((file.path.last?.text ?? "").utf8)
    while stem.count + mark.utf8.count > FileName.maximumLength {
      // A whole character: its continuation bytes, which come last, and its first one.
      while let byte = stem.popLast(), byte & 0xC0 == 0x80 {}
    }
    guard let name = FileName(String(decoding: stem, as: UTF8.self) + mark) else {
      throw CatalogError.rule(.invalidArgument)
    }
    return name
  }
}

extension Connection {
  /// The directory for a file, and the path that it gets: its own if it is free. Where a file is
  /// in the place of a directory above it, it goes beside that.
  fileprivate func makePlace(
    for file: RestoredFile, at now: Timestamp
  ) throws -> (parent: InodeNumber, name: FileName, path: [FileName]) {
    var parent = InodeNumber.root
    var above: [FileName] = []
    for name in file.path.dropLast() {
      if let existing = try child(name, of: parent) {
        guard existing.kind == .directory else {
          let name = try Catalog.lost(file)
          return (parent, name, above + [name])
        }
        parent = existing.number
      } else {
        parent = try insertUnlisted(name, in: parent, at: now)
      }
      above.append(name)
    }
    guard let name = file.path.last, try child(name, of: parent) == nil else {
      let name = try Catalog.lost(file)
      return (parent, name, above + [name])
    }
    return (parent, name, file.path)
  }

  /// A directory of which nothing is known but that something lies beneath.
  private func insertUnlisted(
    _ name: FileName, in parent: InodeNumber, at now: Timestamp
  ) throws -> InodeNumber {
    let root = try require(.root)
    let time = now.nanosecondsSinceEpoch
    try run(
      """
      INSERT INTO inode (kind, permissions, uid, gid, links, accessed, modified, changed,
        attributes_known) VALUES (?, ?, ?, ?, 2, ?, ?, ?, 0)
      """,
      [
        FileKind.directory.rawValue, root.permissions, root.owner.user, root.owner.group, time,
        time, time,
      ])
    let inode = InodeNumber(lastInsertedRowID)
    try run(
      "INSERT INTO entry (parent, name, inode) VALUES (?, ?, ?)",
      [parent.value, name.text, inode.value])
    try run("UPDATE inode SET links = links + 1 WHERE id = ?", [parent.value])
    return inode
  }
}
