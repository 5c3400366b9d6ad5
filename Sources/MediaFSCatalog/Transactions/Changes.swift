package import MediaFSCore

/// Which bytes of a content file may differ from its object; always recorded before they do.
extension Catalog {
  package func recordChanges(
    _ blocks: [Range<Int64>], of content: ContentNumber
  ) throws(CatalogError) {
    try write { try Self.insertChanges(blocks, of: content, $0) }
  }

  static func insertChanges(
    _ blocks: [Range<Int64>], of content: ContentNumber, _ database: Connection
  ) throws {
    for block in blocks {
      // One that began earlier and ends later stays; a gap between two is filled by its own row.
      try database.run(
        """
        INSERT INTO change VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET end = max(end, excluded.end)
        """, [content.value, block.lowerBound, block.upperBound])
      try removeSums(of: content, touching: block, database)
    }
  }

  package func changes(of content: ContentNumber) throws(CatalogError) -> ByteRangeSet {
    try read { database in
      let rows = try database.rows(
        "SELECT start, end FROM change WHERE content = ?", [content.value])
      return ByteRangeSet(
        rows.map { row -> Range<Int64> in
          let start: Int64 = row[0]
          return start..<max(start, row[1])
        })
    }
  }
}
