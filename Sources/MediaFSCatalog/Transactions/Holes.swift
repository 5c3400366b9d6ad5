package import MediaFSCore

/// The runs of a content file that are here and take no room. The inode's row has their sum, for
/// whoever wants to know how much there is of it.
extension Catalog {
  package func holes(of inode: InodeRecord) throws(CatalogError) -> ByteRangeSet {
    guard inode.holeBytes > 0 else { return ByteRangeSet() }
    return try read { try Self.holes(of: inode.content, in: 0..<Int64.max, $0) }
  }

  package func recordHoles(
    _ holes: ByteRangeSet, of content: ContentNumber
  ) throws(CatalogError) {
    try write { try Self.replaceHoles(of: content, with: holes, $0) }
  }

  /// Writes what differs: of many holes a change mostly leaves all but a few as they are.
  static func replaceHoles(
    of content: ContentNumber, with holes: ByteRangeSet, _ database: Connection
  ) throws {
    let old = Set(try self.holes(of: content, in: 0..<Int64.max, database).ranges)
    for hole in old.subtracting(holes.ranges) { try delete(hole, of: content, database) }
    for hole in holes.ranges where !old.contains(hole) {
      try insert(hole, of: content, database)
    }
    try sum(content, database)
  }

  /// A part of a content file is gone, or is not here any more.
  static func removeHoles(
    of content: ContentNumber, in range: Range<Int64>, _ database: Connection
  ) throws {
    let touched = try holes(of: content, in: range, database)
    guard !touched.isEmpty else { return }
    var rest = touched
    rest.remove(range)
    for hole in touched.ranges { try delete(hole, of: content, database) }
    for hole in rest.ranges { try insert(hole, of: content, database) }
    try sum(content, database)
  }

  /// Whole holes, of which at least a part lies in a range.
  private static func holes(
    of content: ContentNumber, in range: Range<Int64>, _ database: Connection
  ) throws -> ByteRangeSet {
    ByteRangeSet(
      try database.rows(
        "SELECT start, end FROM hole WHERE content = ? AND start < ? AND end > ?",
        [content.value, range.upperBound, range.lowerBound]
      ).map { row -> Range<Int64> in
        let start: Int64 = row[0]
        return start..<max(start, row[1])
      })
  }

  private static func insert(
    _ hole: Range<Int64>, of content: ContentNumber, _ database: Connection
  ) throws {
    try database.run(
      "INSERT INTO hole VALUES (?, ?, ?)", [content.value, hole.lowerBound, hole.upperBound])
  }

  private static func delete(
    _ hole: Range<Int64>, of content: ContentNumber, _ database: Connection
  ) throws {
    try database.run(
      "DELETE FROM hole WHERE content = ? AND start = ?", [content.value, hole.lowerBound])
  }

  private static func sum(_ content: ContentNumber, _ database: Connection) throws {
    try database.run(
      """
      UPDATE inode SET hole_bytes =
        (SELECT coalesce(sum(end - start), 0) FROM hole WHERE content = inode.content)
      WHERE id = (SELECT inode FROM content WHERE id = ?) AND content = ?
      """, [content.value, content.value])
  }
}
