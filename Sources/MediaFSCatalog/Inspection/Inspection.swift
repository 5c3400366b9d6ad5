package import MediaFSCore

/// What the catalog says of a content file.
package struct HeldContent: Sendable, Hashable {
  package var record: InodeRecord
  /// Where the last extent ends, 0 without any.
  package var extentEnd: Int64
  /// What it holds, as ``Catalog/usage()`` counts it.
  package var bytes: Int64
}

/// One page of an inspection.
package struct InspectedPage: Sendable {
  package var violations: [Violation] = []
  /// Contents whose files are to be looked at.
  package var held: [HeldContent] = []
  /// Those that were found to be ``Violation/Rule/notQueued``.
  package var strays: [InodeNumber] = []
  /// What all content files of the page hold, as ``Catalog/usage()`` counts it.
  package var usage: Int64 = 0
  /// Where the next page begins; `nil` after the last one.
  package var next: Int64?

  package init(violations: [Violation] = []) {
    self.violations = violations
  }
}

/// The rules that hold at any time between two transactions. They are looked at some rows at a
/// time: a catalog of a million files is not kept from being written meanwhile.
extension Catalog {
  /// - Parameter start: 0 for the first page, then ``InspectedPage/next``.
  package func inspectInodes(
    from start: Int64, limit: Int
  ) throws(CatalogError) -> InspectedPage {
    try readBeside { database in
      var page = InspectedPage()
      let rows = try database.rows(
        """
        SELECT \(InodeColumns.all), EXISTS (SELECT 1 FROM journal WHERE inode = inode.id),
          EXISTS (SELECT 1 FROM entry WHERE inode = inode.id),
          (SELECT inode FROM content WHERE id = inode.content),
          (SELECT coalesce(max(end), 0) FROM extent WHERE content = inode.content),
          (SELECT coalesce(sum(end - start), 0) FROM hole WHERE content = inode.content)
        FROM inode WHERE id >= ? ORDER BY id LIMIT ?
        """, [start, limit])
      for row in rows {
        let first = InodeColumns.count
        let facts = InodeFacts(
          record: InodeRecord(row: row), isQueued: row[first], hasName: row[first + 1],
          contentOwner: row[first + 2], extentEnd: row[first + 3], holeBytes: row[first + 4])
        try Self.add(facts, to: &page, database)
      }
      if rows.count == limit, let last = rows.last { page.next = last[0] + 1 }
      return page
    }
  }

  private static func add(
    _ facts: InodeFacts, to page: inout InspectedPage, _ database: Connection
  ) throws {
    let rules = facts.broken
    let record = facts.record
    if !rules.isEmpty {
      let path = try database.path(of: record.number)?.map(\.text).joined(separator: "/")
      let subject = "inode \(record.number)" + (path.map { " (\($0))" } ?? "")
      page.violations += rules.map { Violation($0, subject) }
      if rules.contains(.notQueued) { page.strays.append(record.number) }
    }
    guard record.content != .none else { return }
    let counted = try counted(record, database)
    page.usage += counted.heldBytes
    page.held.append(
      HeldContent(record: record, extentEnd: facts.extentEnd, bytes: counted.heldBytes))
  }

  /// Rows of the journal that are about nothing.
  package func inspectJournal(
    from start: Int64, limit: Int
  ) throws(CatalogError) -> InspectedPage {
    try inspect(
      """
      SELECT journal.inode, coalesce(links, 0) > 0 FROM journal
        LEFT JOIN inode ON inode.id = journal.inode
      WHERE journal.inode >= ? ORDER BY journal.inode LIMIT ?
      """, .queuedWithoutName, "inode", from: start, limit: limit)
  }

  /// Names of nothing, or in nothing.
  package func inspectNames(
    from start: Int64, limit: Int
  ) throws(CatalogError) -> InspectedPage {
    try inspect(
      """
      SELECT entry.id, EXISTS (SELECT 1 FROM inode WHERE id = entry.inode)
        AND EXISTS (SELECT 1 FROM inode WHERE id = entry.parent AND
          kind = \(FileKind.directory.rawValue)) FROM entry
      WHERE entry.id >= ? ORDER BY entry.id LIMIT ?
      """, .danglingName, "entry", from: start, limit: limit)
  }

  /// Content files whose inode knows another one.
  package func inspectContents(
    from start: Int64, limit: Int
  ) throws(CatalogError) -> InspectedPage {
    try inspect(
      """
      SELECT content.id, content.inode = 0
        OR EXISTS (SELECT 1 FROM inode WHERE id = content.inode AND content = content.id)
      FROM content WHERE content.id >= ? ORDER BY content.id LIMIT ?
      """, .strangeContent, "content file", from: start, limit: limit)
  }

  /// - Parameter sql: tells of each row from a number on whether it is in order.
  private func inspect(
    _ sql: String, _ rule: Violation.Rule, _ noun: String, from start: Int64, limit: Int
  ) throws(CatalogError) -> InspectedPage {
    try readBeside { database in
      var page = InspectedPage()
      let rows = try database.rows(sql, [start, limit])
      for row in rows where !(row[1] as Bool) {
        page.violations.append(Violation(rule, "\(noun) \(row[0] as Int64)"))
      }
      if rows.count == limit, let last = rows.last { page.next = last[0] + 1 }
      return page
    }
  }

  /// Keys that do not begin with the prefix of the namespace. There is an index of each, so this
  /// is a look at both ends.
  ///
  /// - Parameter limit: how many are told of each sort.
  package func inspectKeys(prefix: String, limit: Int) throws(CatalogError) -> [Violation] {
    guard let end = Self.successor(of: prefix) else { return [] }
    return try read { database in
      var violations: [Violation] = []
      let columns = [
        ("inode", "object_key"), ("alias", "key"), ("tombstone", "key"), ("upload", "key"),
        ("abandoned", "key"),
      ]
      for (table, column) in columns {
        let rows = try database.rows(
          """
          SELECT \(column) FROM \(table) WHERE \(column) < ? UNION ALL
          SELECT \(column) FROM \(table) WHERE \(column) >= ? LIMIT ?
          """, [prefix, end, limit])
        violations += rows.map { Violation(.outsideNamespace, "\($0[0] as String) (\(table))") }
      }
      return violations
    }
  }

  /// The first text that is behind all that begin with `prefix`; `nil` where none is.
  private static func successor(of prefix: String) -> String? {
    var scalars = Array(prefix.unicodeScalars)
    while let last = scalars.popLast() {
      guard let next = Unicode.Scalar(last.value + 1) else { continue }
      var text = String.UnicodeScalarView(scalars)
      text.append(next)
      return String(text)
    }
    return nil
  }
}

/// What the catalog says of one inode, in several tables.
private struct InodeFacts {
  var record: InodeRecord
  var isQueued: Bool
  var hasName: Bool
  /// `nil` where the content file is not known.
  var contentOwner: Int64?
  var extentEnd: Int64
  var holeBytes: Int64

  var broken: [Violation.Rule] {
    var rules: [Violation.Rule] = []
    let isRoot = record.number == .root
    let isNamed = record.linkCount > 0
    let isDirty = record.isContentDirty || record.isAttributeDirty
    if isDirty, isNamed, !isRoot, !record.isLocalOnly, !isQueued { rules.append(.notQueued) }
    if !isRoot, isNamed != hasName { rules.append(.wrongNames) }
    // One that lost its object to somebody else, before its bytes came, waits in the journal for
    // somebody who says what becomes of it.
    if record.kind == .regular, isNamed, !record.isContentDirty, record.object == nil,
      !record.isLocalOnly, !isQueued
    {
      rules.append(.cleanWithoutObject)
    }
    if record.content != .none, contentOwner != record.number.value {
      rules.append(.strangeContent)
    }
    if record.content != .none, holeBytes != record.holeBytes { rules.append(.wrongHoles) }
    return rules
  }
}
