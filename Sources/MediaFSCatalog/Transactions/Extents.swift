package import MediaFSCore
package import ObjectStorage

/// A segment that may be evicted.
package struct EvictableSegment: Sendable {
  package var segment: Segment
  package var inode: InodeNumber
}

extension Catalog {
  /// The runs of a content file that are here.
  package func extents(of content: ContentNumber) throws(CatalogError) -> ByteRangeSet {
    try read { database in
      var set = ByteRangeSet()
      for row in try database.rows(
        "SELECT start, end FROM extent WHERE content = ?", [content.value])
      {
        let start: Int64 = row[0]
        set.insert(start..<max(start, row[1]))
      }
      return set
    }
  }

  /// Records bytes that have reached the content file; never before they have.
  ///
  /// - Parameters:
  ///   - runs: which bytes of `segments` are present, all of them.
  ///   - segments: the indices of the segments that are replaced.
  ///   - sums: all of these segments that are known.
  package func replaceExtents(
    of content: ContentNumber, segments: Range<Int64>, with runs: [Range<Int64>],
    sums: ExtentSums = ExtentSums(), accessed: Timestamp
  ) throws(CatalogError) {
    try write { database in
      try Self.replaceExtents(
        of: content, segments: segments, with: runs, sums: sums, accessed: accessed, database)
      try Self.markUnsynced(content, database)
    }
  }

  static func replaceExtents(
    of content: ContentNumber, segments: Range<Int64>, with runs: [Range<Int64>],
    sums: ExtentSums = ExtentSums(), accessed: Timestamp, _ database: Connection
  ) throws {
    // The content may be gone by now: its object was replaced, or its last name removed.
    guard !segments.isEmpty,
      try database.exists("SELECT 1 FROM content WHERE id = ? AND inode != 0", [content.value])
    else { return }
    try database.run(
      "DELETE FROM extent WHERE content = ? AND start >= ? AND start < ?",
      [
        content.value, segments.lowerBound * Segment.length, segments.upperBound * Segment.length,
      ])
    for run in runs {
      for index in Segment.covering(run) {
        let part = run.clamped(to: Segment(content: content, index: index).range)
        try insert(
          part, of: content, accessed: accessed.nanosecondsSinceEpoch, sums, database)
      }
    }
  }

  /// Forgets a segment, before its bytes are dropped from the content file. False, and nothing is
  /// changed, when no object has them: it may have been lost since the segment was looked for.
  @discardableResult
  package func removeExtents(_ segment: Segment) throws(CatalogError) -> Bool {
    try write { database in
      guard
        try database.exists(
          """
          SELECT 1 FROM content JOIN inode ON inode.id = content.inode
          WHERE content.id = ? AND inode.content = content.id AND \(Self.canBeFetched)
          """, [segment.content.value])
      else { return false }
      try database.run(
        "DELETE FROM extent WHERE content = ? AND start >= ? AND start < ?",
        [segment.content.value, segment.range.lowerBound, segment.range.upperBound])
      try Self.removeHoles(of: segment.content, in: segment.range, database)
      return true
    }
  }

  /// Of an inode whose bytes here the store has too.
  static let canBeFetched =
    "inode.version = inode.committed_version AND inode.object_key IS NOT NULL AND NOT inode.writing"

  /// Forgets what lies behind `size`.
  package func cutExtents(
    of content: ContentNumber, to size: Int64
  ) throws(CatalogError) {
    try write { try Self.cutExtents(of: content, to: size, $0) }
  }

  static func cutExtents(
    of content: ContentNumber, to size: Int64, _ database: Connection
  ) throws {
    try database.run(
      "DELETE FROM extent WHERE content = ? AND start >= ?", [content.value, size])
    let length = BlockSums.length
    try database.run(
      """
      UPDATE extent SET end = ?,
        sums = substr(sums, 1, 4 * max(0, ? - (start + \(length - 1)) / \(length)))
      WHERE content = ? AND end > ?
      """, [size, size / length, content.value, size])
    try database.run(
      "DELETE FROM change WHERE content = ? AND start >= ?", [content.value, size])
    try removeHoles(of: content, in: size..<Int64.max, database)
  }

  /// Remembers when segments were last read, for the eviction order.
  package func touch(_ segments: [Segment: Timestamp]) throws(CatalogError) {
    guard !segments.isEmpty else { return }
    try write { database in
      for (segment, time) in segments {
        try database.run(
          "UPDATE extent SET accessed = ? WHERE content = ? AND start >= ? AND start < ?",
          [
            time.nanosecondsSinceEpoch, segment.content.value, segment.range.lowerBound,
            segment.range.upperBound,
          ])
      }
    }
  }

  /// The least recently used segments of clean files, oldest first. A segment with several runs
  /// may come several times.
  package func evictable(limit: Int) throws(CatalogError) -> [EvictableSegment] {
    try read { database in
      try database.rows(
        """
        SELECT extent.content, extent.start / ?, content.inode
        FROM extent INDEXED BY extent_accessed
          JOIN content ON content.id = extent.content
          JOIN inode ON inode.id = content.inode
        WHERE inode.content = extent.content AND \(Self.canBeFetched)
        ORDER BY extent.accessed LIMIT ?
        """, [Segment.length, limit]
      ).map { row in
        EvictableSegment(
          segment: Segment(content: ContentNumber(row[0]), index: row[1]),
          inode: InodeNumber(row[2]))
      }
    }
  }

  /// A record that also tells what its content file holds, as ``usage()`` counts it.
  static func counted(_ record: InodeRecord, _ database: Connection) throws -> InodeRecord {
    var counted = record
    guard record.content != .none else { return counted }
    let extents = try database.integer(
      """
      SELECT coalesce(sum(max(0, min(end, ?) - start)), 0) FROM extent WHERE content = ?
      """, [record.baseSize, record.content.value])
    counted.heldBytes =
      max(0, record.size - record.baseSize) + (extents ?? 0) - record.holeBytes
    return counted
  }
}
