import MediaFSCore

extension Catalog {
  /// Checksums of bytes that are not the object's, or may not be.
  package func inspectSums(
    from start: Int64, limit: Int
  ) throws(CatalogError) -> InspectedPage {
    try readBeside { database in
      var page = InspectedPage()
      let length = BlockSums.length
      let rows = try database.rows(
        """
        SELECT content.id, EXISTS (SELECT 1 FROM change WHERE content = content.id),
          EXISTS (SELECT 1 FROM extent WHERE content = content.id AND length(sums) > 0
            AND ((start + \(length - 1)) / \(length) + length(sums) / 4 - 1) * \(length)
              >= min(inode.size, inode.base_size))
        FROM content JOIN inode ON inode.id = content.inode AND inode.content = content.id
        WHERE content.id >= ? ORDER BY content.id LIMIT ?
        """, [start, limit])
      for row in rows {
        let content = ContentNumber(row[0])
        let isBehind: Bool = row[2]
        let isChanged = try row[1] as Bool && hasSumsOfChanges(content, database)
        guard isBehind || isChanged else { continue }
        page.violations.append(Violation(.sumOfOtherBytes, "content file \(content)"))
      }
      if rows.count == limit, let last = rows.last { page.next = last[0] + 1 }
      return page
    }
  }

  private func hasSumsOfChanges(
    _ content: ContentNumber, _ database: Connection
  ) throws -> Bool {
    let changes = try database.rows(
      "SELECT start, end FROM change WHERE content = ?", [content.value])
    for change in changes {
      let start: Int64 = change[0]
      let range = start..<max(start, change[1])
      for extent in try Self.extents(of: content, touching: range, database)
      where extent.sums(without: 0..<0) != extent.sums(without: BlockSums.blocks(touching: range)) {
        return true
      }
    }
    return false
  }
}
