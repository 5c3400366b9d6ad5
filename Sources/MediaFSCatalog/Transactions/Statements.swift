import MediaFSCore
import ObjectStorage
import SystemPackage

extension Connection {
  func inode(_ number: InodeNumber) throws -> InodeRecord? {
    try row("SELECT \(InodeColumns.all) FROM inode WHERE id = ?", [number.value])
      .map(InodeRecord.init(row:))
  }

  /// The inode, or `ENOENT`.
  func require(_ number: InodeNumber) throws -> InodeRecord {
    guard let record = try inode(number) else { throw CatalogError.rule(.noSuchFileOrDirectory) }
    return record
  }

  /// The inode, which must be a directory that still has a name (the root always has).
  func requireDirectory(_ number: InodeNumber) throws -> InodeRecord {
    let record = try require(number)
    guard record.kind == .directory else { throw CatalogError.rule(.notDirectory) }
    guard record.linkCount > 0 else { throw CatalogError.rule(.noSuchFileOrDirectory) }
    return record
  }

  func child(_ name: FileName, of parent: InodeNumber) throws -> InodeRecord? {
    try row(
      """
      SELECT \(InodeColumns.all) FROM entry JOIN inode ON inode.id = entry.inode
      WHERE entry.parent = ? AND entry.name = ?
      """, [parent.value, name.text]
    ).map(InodeRecord.init(row:))
  }

  func hasChild(_ name: FileName, of parent: InodeNumber) throws -> Bool {
    try exists("SELECT 1 FROM entry WHERE parent = ? AND name = ?", [parent.value, name.text])
  }

  func requireChild(_ name: FileName, of parent: InodeNumber) throws -> InodeRecord {
    guard let record = try child(name, of: parent) else {
      throw CatalogError.rule(.noSuchFileOrDirectory)
    }
    return record
  }

  func isEmpty(_ directory: InodeNumber) throws -> Bool {
    try !exists("SELECT 1 FROM entry WHERE parent = ?", [directory.value])
  }

  /// The names from the root down to an inode, by the oldest of its own; `nil` when it has none
  /// any more.
  func path(of inode: InodeNumber) throws -> [FileName]? {
    var names: [FileName] = []
    var current = inode
    while current != .root {
      guard
        let row = try row(
          "SELECT parent, name FROM entry WHERE inode = ? ORDER BY id LIMIT 1", [current.value]),
        let name = FileName(row[1])
      else { return nil }
      names.append(name)
      current = InodeNumber(row[0])
    }
    return names.reversed()
  }

  /// What is known of a directory stays known, but is not relied on. One that was never listed
  /// stays so: where its objects lie depends on it.
  func listAnew(_ directory: InodeNumber) throws {
    try run(
      "UPDATE inode SET listed = ? WHERE id = ? AND listed IS NOT NULL",
      [Timestamp.epoch.nanosecondsSinceEpoch, directory.value])
  }

  /// A change of the names in a directory is a change of the directory.
  func touch(directory: InodeNumber, at now: Timestamp) throws {
    let time = now.nanosecondsSinceEpoch
    try run(
      "UPDATE inode SET modified = ?, changed = ? WHERE id = ?", [time, time, directory.value])
  }
}
