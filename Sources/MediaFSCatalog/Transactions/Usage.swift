/// What all content files held when the catalog was opened. The sum takes a second for a million
/// of them, so it is taken when somebody needs it, of the catalog as it was at that moment.
package struct OpeningUsage: Sendable {
  fileprivate enum Source: Sendable {
    case known(Int64)
    case snapshot(Connections.Snapshot)
  }

  fileprivate let source: Source
  fileprivate let catalog: Catalog

  /// In bytes.
  package func bytes() throws(CatalogError) -> Int64 {
    switch source {
    case .known(let bytes): return bytes
    case .snapshot(let snapshot):
      do {
        return try snapshot.read { try Catalog.usage(Connection($0)) }
      } catch {
        throw catalog.failure(error)
      }
    }
  }

  /// What costs no time to be told.
  package var knownBytes: Int64? {
    switch source {
    case .known(let bytes): bytes
    case .snapshot: nil
    }
  }
}

extension Catalog {
  /// As many are summed up in some milliseconds.
  package static let quicklySummed = 5_000

  /// What content files hold now, whatever changes before the sum is taken.
  ///
  /// - Parameter limit: content files up to which the sum is taken at once.
  package func openingUsage(
    quicklySummed limit: Int = Catalog.quicklySummed
  ) throws(CatalogError) -> OpeningUsage {
    let count = try read {
      try $0.integer("SELECT count(*) FROM (SELECT 1 FROM content LIMIT ?)", [limit + 1]) ?? 0
    }
    if count <= limit { return OpeningUsage(source: .known(try usage()), catalog: self) }
    do {
      try commit()
      return OpeningUsage(source: .snapshot(try connections.snapshot()), catalog: self)
    } catch {
      throw failure(error)
    }
  }

  /// All bytes that content files hold, as ``FileLifecycle/residentBytes`` counts them: below
  /// `base_size` what extents tell, and everything behind it, without holes.
  package func usage() throws(CatalogError) -> Int64 {
    try read(Self.usage)
  }

  fileprivate static func usage(_ database: Connection) throws -> Int64 {
    try database.integer(
      """
      SELECT coalesce(sum(max(0, inode.size - inode.base_size) - inode.hole_bytes + (
          SELECT coalesce(sum(max(0, min(end, inode.base_size) - start)), 0)
          FROM extent WHERE extent.content = content.id)), 0)
      FROM content JOIN inode ON inode.id = content.inode AND inode.content = content.id
      """) ?? 0
  }
}
