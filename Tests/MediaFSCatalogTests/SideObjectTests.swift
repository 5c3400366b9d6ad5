import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import SystemPackage
import Testing

/// An object that holds the extended attributes of another one is in the store as long as anything
/// refers to it, and no longer.
@Suite struct SideObjectTests {
  private static let side = ObjectKey("side/1")
  private static let newSide = ObjectKey("side/2")

  /// A clean file whose extended attributes are in a side object.
  private func makeFile(_ catalog: TestCatalog) throws -> InodeRecord {
    try catalog.makeClean("f")
    try setAttribute(catalog)
    return try commit(catalog, Self.side, "e2")
  }

  private func setAttribute(_ catalog: TestCatalog) throws {
    let name = try #require(AttributeName("user.a"))
    _ = try catalog.catalog.setExtendedAttribute(
      name, of: catalog.record("f").number, to: [1], at: catalog.now)
  }

  @discardableResult
  private func commit(
    _ catalog: TestCatalog, _ side: ObjectKey?, _ etag: String, at key: String = "f"
  ) throws -> InodeRecord {
    let seen = try catalog.record("f")
    _ = try #require(
      try catalog.catalog.commit(
        Commit(
          inode: seen.number, object: TestCatalog.object(key, etag, size: seen.size),
          version: seen.version, attributeVersion: seen.attributeVersion, sideKey: side),
        at: catalog.now))
    _ = try catalog.catalog.finish(seen, paths: [TestCatalog.names("f")], at: catalog.now)
    return try catalog.record("f")
  }

  private func due(_ catalog: TestCatalog) throws -> [ObjectKey] {
    try catalog.catalog.dueTombstones(by: catalog.now, limit: 100, excluding: []).map(\.key)
  }

  @Test func aNewStateTakesThePlaceOfTheOldOne() throws {
    let catalog = try TestCatalog()
    #expect(try makeFile(catalog).isSideCurrent)
    try setAttribute(catalog)
    #expect(try !catalog.record("f").isSideCurrent)
    #expect(try due(catalog).isEmpty)
    let after = try commit(catalog, Self.newSide, "e3")
    #expect(after.sideKey == Self.newSide && after.isSideCurrent)
    #expect(try due(catalog) == [Self.side])
  }

  @Test func aMoveTakesTheSideObjectAlong() throws {
    let catalog = try TestCatalog()
    _ = try makeFile(catalog)
    try commit(catalog, Self.side, "e3", at: "elsewhere")
    #expect(try due(catalog) == [ObjectKey("f")])
    try catalog.deleted([ObjectKey("f")], at: catalog.now)
    #expect(try due(catalog).isEmpty)
  }

  @Test func itGoesAfterTheObjectThatRefersToIt() throws {
    let catalog = try TestCatalog()
    _ = try makeFile(catalog)
    try catalog.unlink("f")
    catalog.advance(1_000)
    #expect(try due(catalog) == [ObjectKey("f")])
    try catalog.deleted([ObjectKey("f")], at: catalog.now)
    #expect(try due(catalog) == [Self.side])
  }

  @Test func itStaysWithAnObjectThatSomebodyElseHasPutThere() throws {
    let catalog = try TestCatalog()
    _ = try makeFile(catalog)
    try catalog.unlink("f")
    catalog.advance(1_000)
    let tombstone = try #require(try catalog.catalog.tombstone(at: ObjectKey("f")))
    try catalog.catalog.deleted([tombstone], replaced: [ObjectKey("f")], at: catalog.now)
    #expect(try due(catalog).isEmpty)
  }

  @Test func itGoesWhenItsObjectIsOverwritten() throws {
    let catalog = try TestCatalog()
    _ = try makeFile(catalog)
    try catalog.unlink("f")
    try catalog.make("f")
    try commit(catalog, nil, "e4")
    #expect(try due(catalog) == [Self.side])
  }

  @Test func whatIsAnnouncedAndNeverReferredToIsTidiedUp() throws {
    let catalog = try TestCatalog()
    _ = try makeFile(catalog)
    let due = catalog.now.advanced(by: .seconds(60))
    try catalog.catalog.announceSide(Self.newSide, at: catalog.now, due: due)
    #expect(try self.due(catalog).isEmpty)
    try commit(catalog, Self.side, "e3")
    catalog.advance(60)
    #expect(try self.due(catalog) == [Self.newSide])
  }

  @Test func whatIsAnnouncedAndReferredToStays() throws {
    let catalog = try TestCatalog()
    _ = try makeFile(catalog)
    let due = catalog.now.advanced(by: .seconds(60))
    try catalog.catalog.announceSide(Self.newSide, at: catalog.now, due: due)
    try commit(catalog, Self.newSide, "e3")
    catalog.advance(1_000)
    #expect(try self.due(catalog) == [Self.side])
  }

  @Test func theOneOfAnObjectThatOthersReplacedIsNotOurs() throws {
    let catalog = try TestCatalog()
    _ = try makeFile(catalog)
    catalog.advance(100)
    try catalog.ingest(etags: ["f": "other"])
    #expect(try catalog.record("f").sideKey == nil)
    try catalog.unlink("f")
    catalog.advance(1_000)
    try catalog.deleted([ObjectKey("f")], at: catalog.now)
    #expect(try due(catalog).isEmpty)
  }

  @Test func theOneOfADeletedFileGoesWithItsLateCommit() throws {
    let catalog = try TestCatalog()
    let record = try makeFile(catalog)
    try catalog.unlink("f")
    let late = Commit(
      inode: record.number, object: TestCatalog.object("f", "e9"), version: record.version,
      attributeVersion: record.attributeVersion, sideKey: Self.newSide)
    #expect(try catalog.catalog.commit(late, at: catalog.now) == nil)
    #expect(try due(catalog).contains(ObjectKey("f")))
    try catalog.deleted([ObjectKey("f")], at: catalog.now)
    #expect(try Set(due(catalog)) == [Self.side, Self.newSide])
  }
}
