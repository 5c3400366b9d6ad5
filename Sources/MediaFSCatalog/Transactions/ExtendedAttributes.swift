package import MediaFSCore
package import ObjectStorage
import SystemPackage

/// What setxattr(2) expects of the name.
package enum AttributePresence: Sendable {
  case any
  /// `EEXIST` otherwise.
  case absent
  /// `ENODATA` otherwise.
  case present
}

extension Catalog {
  package func extendedAttribute(
    _ name: AttributeName, of inode: InodeNumber
  ) throws(CatalogError) -> [UInt8]? {
    try read { try $0.extendedAttribute(name, of: inode) }
  }

  package func extendedAttributes(
    of inode: InodeNumber
  ) throws(CatalogError) -> ExtendedAttributes {
    try read { try $0.extendedAttributes(of: inode) }
  }

  /// By bytes.
  package func attributeNames(of inode: InodeNumber) throws(CatalogError) -> [AttributeName] {
    try read { database in
      try database.rows(
        "SELECT name FROM attribute WHERE inode = ? ORDER BY name", [inode.value]
      ).compactMap { AttributeName($0[0]) }
    }
  }

  /// An inode and all of its extended attributes, as they were at one moment.
  package func described(
    _ inode: InodeNumber
  ) throws(CatalogError) -> (record: InodeRecord, extended: ExtendedAttributes)? {
    try read { database in
      guard let record = try database.inode(inode) else { return nil }
      return (record, try database.extendedAttributes(of: inode))
    }
  }

  /// Sets an extended attribute (setxattr(2)). Costs the store what a chmod costs: one copy.
  ///
  /// An access control list changes the mode along with it, and is not kept where the mode says
  /// all of it.
  package func setExtendedAttribute(
    _ name: AttributeName, of inode: InodeNumber, to value: [UInt8],
    expecting presence: AttributePresence = .any, at now: Timestamp
  ) throws(CatalogError) -> InodeRecord {
    try write { database in
      let record = try database.require(inode)
      let exists = try database.extendedAttribute(name, of: inode) != nil
      switch presence {
      case .any: break
      case .absent: if exists { throw CatalogError.rule(.fileExists) }
      case .present: if !exists { throw CatalogError.rule(.noData) }
      }
      var kept: [UInt8]? = value
      if name.space == .list {
        let list = try Self.list(value, name, record)
        kept = list?.encode()
        if let list, name == .accessList {
          try database.run(
            "UPDATE inode SET permissions = ? WHERE id = ?",
            [record.permissions & ~0o777 | list.modeBits, inode.value])
          if list.isMinimal { kept = nil }
        }
      }
      try database.set(name, of: inode, to: kept)
      if kept != nil, try database.extendedAttributes(of: inode).isTooLarge {
        throw CatalogError.rule(.noSpace)
      }
      return try finishAttributeChange(inode, at: now, database)
    }
  }

  private static func list(
    _ value: [UInt8], _ name: AttributeName, _ record: InodeRecord
  ) throws -> AccessControlList? {
    guard record.kind != .symbolicLink else { throw CatalogError.rule(.notSupported) }
    let list: AccessControlList?
    do throws(AccessControlListError) {
      list = try AccessControlList.decode(value)
    } catch {
      throw CatalogError.rule(error == .unknownVersion ? .notSupported : .invalidArgument)
    }
    // Only what something can be made in has one to give.
    if name == .defaultList, list != nil, record.kind != .directory {
      throw CatalogError.rule(.permissionDenied)
    }
    return list
  }

  /// Removes an extended attribute (removexattr(2)); `ENODATA` when there is none.
  package func removeExtendedAttribute(
    _ name: AttributeName, of inode: InodeNumber, at now: Timestamp
  ) throws(CatalogError) -> InodeRecord {
    try write { database in
      _ = try database.require(inode)
      guard try database.extendedAttribute(name, of: inode) != nil else {
        throw CatalogError.rule(.noData)
      }
      try database.set(name, of: inode, to: nil)
      return try finishAttributeChange(inode, at: now, database)
    }
  }

  private func finishAttributeChange(
    _ inode: InodeNumber, at now: Timestamp, _ database: Connection
  ) throws -> InodeRecord {
    try database.run(
      """
      UPDATE inode SET changed = ?, attribute_version = attribute_version + 1,
        extended_version = attribute_version + 1, attributes_chosen = 1 WHERE id = ?
      """, [now.nanosecondsSinceEpoch, inode.value])
    let record = try database.require(inode)
    if record.linkCount > 0 { try database.enqueue(inode, at: now, schedule) }
    return record
  }

  // MARK: Side objects

  /// An object beside is about to be written. If it never comes to be referred to, because the
  /// attributes change once more before, it is deleted at `due`.
  package func announceSide(
    _ key: ObjectKey, at now: Timestamp, due: Timestamp
  ) throws(CatalogError) {
    try write { try $0.burySide(key, at: now, due: schedule.deletion(due)) }
  }
}

extension Connection {
  func extendedAttribute(_ name: AttributeName, of inode: InodeNumber) throws -> [UInt8]? {
    try row(
      "SELECT value FROM attribute WHERE inode = ? AND name = ?", [inode.value, name.text]
    ).map { $0[0] }
  }

  func extendedAttributes(of inode: InodeNumber) throws -> ExtendedAttributes {
    var result = ExtendedAttributes()
    for row in try rows("SELECT name, value FROM attribute WHERE inode = ?", [inode.value]) {
      if let name = AttributeName(row[0]) { result[name] = row[1] }
    }
    return result
  }

  func insert(_ extended: ExtendedAttributes, of inode: InodeNumber) throws {
    for (name, value) in extended.values { try set(name, of: inode, to: value) }
  }

  /// `nil` removes.
  func set(_ name: AttributeName, of inode: InodeNumber, to value: [UInt8]?) throws {
    guard let value else {
      return try run(
        "DELETE FROM attribute WHERE inode = ? AND name = ?", [inode.value, name.text])
    }
    try run(
      "INSERT OR REPLACE INTO attribute VALUES (?, ?, ?)", [inode.value, name.text, value])
  }

  /// The side object that a commit refers to takes the place of the one before.
  func exchangeSide(
    of record: InodeRecord, for side: ObjectKey?, at now: Timestamp, _ schedule: JournalSchedule
  ) throws {
    if let side { try run("DELETE FROM tombstone WHERE key = ?", [side.text]) }
    guard let old = record.sideKey, old != side else { return }
    // Objects of its other names follow soon, and refer to the old one until then.
    let delay: Duration = record.linkGroup == nil ? .zero : .seconds(600)
    try burySide(old, at: now, due: schedule.deletion(now.advanced(by: delay)))
  }

  /// What lay beside an object that is gone goes too.
  func burySide(ofBuried key: ObjectKey, at now: Timestamp, due: Timestamp?) throws {
    let side: String? = try row("SELECT side_key FROM tombstone WHERE key = ?", [key.text])?[0]
    guard let side else { return }
    try run("UPDATE tombstone SET side_key = NULL WHERE key = ?", [key.text])
    try burySide(ObjectKey(side), at: now, due: due)
  }

  /// Whatever version is there: its name says which state it is.
  func burySide(_ key: ObjectKey, at now: Timestamp, due: Timestamp?) throws {
    try run(
      """
      INSERT OR REPLACE INTO tombstone (key, size, since, due) VALUES (?, 0, ?, ?)
      """, [key.text, now.nanosecondsSinceEpoch, due?.nanosecondsSinceEpoch])
  }
}
