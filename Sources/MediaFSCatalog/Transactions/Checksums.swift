package import MediaFSCore

/// The checksums of blocks that are here and clean. They lie in the rows of the extents, so that
/// they go with them.
extension Catalog {
  /// What is here of a content file, and the sums of it.
  ///
  /// - Parameter end: of the object's bytes.
  package func summedExtents(
    of content: ContentNumber, end: Int64
  ) throws(CatalogError) -> (present: ByteRangeSet, sums: BlockSums) {
    try read { database in
      var runs: [Range<Int64>] = []
      var sums = BlockSums()
      for row in try database.rows(
        "SELECT start, end, sums FROM extent WHERE content = ?", [content.value])
      {
        let extent = Extent(row)
        runs.append(extent.run)
        if let known = extent.sums { sums.decode(known, from: extent.firstBlock) }
      }
      // A block that goes on behind the object's end, or begins there, is another one.
      sums.remove((end + BlockSums.length - 1) / BlockSums.length..<Int64.max)
      return (ByteRangeSet(runs), sums)
    }
  }

  /// The next content file that has checksums, and the inode that has it.
  package func summedContent(
    from first: ContentNumber
  ) throws(CatalogError) -> (ContentNumber, InodeNumber)? {
    try read { database in
      try database.row(
        """
        SELECT extent.content, content.inode FROM extent
          JOIN content ON content.id = extent.content
        WHERE extent.content >= ? AND sums IS NOT NULL AND content.inode != 0
        ORDER BY extent.content LIMIT 1
        """, [first.value]
      ).map { (ContentNumber($0[0]), InodeNumber($0[1])) }
    }
  }

  /// One row.
  struct Extent {
    var run: Range<Int64>
    var sums: [UInt8]?

    init(_ row: Row) {
      let start: Int64 = row[0]
      run = start..<max(start, row[1])
      sums = row[2]
    }

    var firstBlock: Int64 { BlockSums.blocks(inside: run, end: 0).lowerBound }

    /// - Parameter blocks: those that have none any more.
    func sums(without blocks: Range<Int64>) -> [UInt8]? {
      guard let sums else { return nil }
      var known = BlockSums()
      known.decode(sums, from: firstBlock)
      known.remove(blocks)
      return known.encoded(firstBlock..<firstBlock + Int64(sums.count / 4))
    }
  }

  static func extents(
    of content: ContentNumber, touching range: Range<Int64>, _ database: Connection
  ) throws -> [Extent] {
    try database.rows(
      "SELECT start, end, sums FROM extent WHERE content = ? AND start < ? AND end > ?",
      [content.value, range.upperBound, range.lowerBound]
    ).map { Extent($0) }
  }

  /// The bytes of a range are about to become others.
  static func removeSums(
    of content: ContentNumber, touching range: Range<Int64>, _ database: Connection
  ) throws {
    for extent in try extents(of: content, touching: range, database) where extent.sums != nil {
      try database.run(
        "UPDATE extent SET sums = ? WHERE content = ? AND start = ?",
        [
          extent.sums(without: BlockSums.blocks(touching: range)),
          content.value, extent.run.lowerBound,
        ])
    }
  }

  /// Nothing of a content file is the object's any more.
  static func removeAllSums(of content: ContentNumber, _ database: Connection) throws {
    try database.run(
      "UPDATE extent SET sums = NULL WHERE content = ? AND sums IS NOT NULL", [content.value])
  }

  /// Records the sums of segments whose extents stay as they are.
  static func recordSums(
    _ sums: ExtentSums, of content: ContentNumber, segments: some Sequence<Int64>,
    _ database: Connection
  ) throws {
    for segment in segments {
      let range = Segment(content: content, index: segment).range
      for extent in try extents(of: content, touching: range, database) {
        try database.run(
          "UPDATE extent SET sums = ? WHERE content = ? AND start = ?",
          [sums.encoded(extent.run), content.value, extent.run.lowerBound])
      }
    }
  }

  /// Forgets blocks whose bytes are not what they were, of a file that may be changed elsewhere.
  package func removeBlocks(
    _ blocks: [Range<Int64>], of content: ContentNumber
  ) throws(CatalogError) {
    try write { database in
      for block in blocks {
        for extent in try Self.extents(of: content, touching: block, database) {
          try Self.cut(block, out: extent, of: content, database)
        }
        try Self.removeHoles(of: content, in: block, database)
      }
    }
  }

  private static func cut(
    _ block: Range<Int64>, out extent: Extent, of content: ContentNumber, _ database: Connection
  ) throws {
    let start = extent.run.lowerBound
    let accessed = try database.integer(
      "SELECT accessed FROM extent WHERE content = ? AND start = ?", [content.value, start])
    try database.run(
      "DELETE FROM extent WHERE content = ? AND start = ?", [content.value, start])
    var sums = BlockSums()
    if let known = extent.sums { sums.decode(known, from: extent.firstBlock) }
    for run in ByteRangeSet(block).missing(in: extent.run) {
      // Only the last run can end with the object.
      let end = run.upperBound == extent.run.upperBound ? run.upperBound : .max
      try insert(
        run, of: content, accessed: accessed ?? 0, ExtentSums(sums, end: end), database)
    }
  }

  static func insert(
    _ run: Range<Int64>, of content: ContentNumber, accessed: Int64, _ sums: ExtentSums,
    _ database: Connection
  ) throws {
    try database.run(
      "INSERT INTO extent (content, start, end, accessed, sums) VALUES (?, ?, ?, ?, ?)",
      [
        content.value, run.lowerBound, run.upperBound, accessed,
        sums.encoded(run),
      ])
  }
}
