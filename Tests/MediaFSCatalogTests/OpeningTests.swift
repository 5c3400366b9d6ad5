@testable import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

@Suite struct OpeningTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  @Test func aNewCatalogHasARoot() throws {
    let root = try test.record("")
    #expect(root.number == .root && root.kind == .directory && root.permissions == 0o755)
    #expect(root.owner == Owner(user: 1, group: 2) && root.modified == TestCatalog.at(1))
    #expect(root.listed == nil && root.attributesKnown && root.linkCount == 2)
    #expect(try test.catalog.path(of: .root) == [])
    #expect(try test.catalog.parent(of: .root) == .root)
  }

  /// The old connection is neither closed nor asked to write anything out, as after `kill -9`.
  @Test func everythingIsThereAfterReopening() throws {
    try test.make("d", .directory)
    try test.makeClean("d/f", size: 100, "one")
    try test.write("d/f", size: 120)
    try test.makeClean("gone", "two")
    try test.unlink("gone")
    let generation = test.catalog.generation
    let before = (
      try test.record("d"), try test.record("d/f"),
      try test.catalog.item(of: test.record("d/f").number),
      try test.catalog.extents(of: test.record("d/f").content), try test.catalog.usage()
    )
    try test.reopen()
    #expect(test.catalog.generation == generation)
    #expect(try test.record("d") == before.0)
    #expect(try test.record("d/f") == before.1)
    #expect(try test.catalog.item(of: before.1.number) == before.2)
    #expect(try test.catalog.extents(of: before.1.content) == before.3)
    #expect(try test.catalog.usage() == before.4)
    #expect(try test.catalog.tombstone(at: ObjectKey("gone"))?.etag == ETag("two"))
  }

  @Test func synchronizingRepeatedlyIsFine() throws {
    try test.make("f")
    try test.catalog.synchronize()
    try test.catalog.synchronize()
    try test.catalog.close()
    try test.reopen()
    #expect(try test.list() == ["f"])
  }

  @Test(arguments: ["s3://other", "s3://bucket/", "s3://\u{62}ucket\u{301}", ""])
  func aCatalogOfAnotherSourceIsRefused(identity: String) throws {
    try test.make("f")
    let error = #expect(throws: CatalogError.self) { try test.reopen(identity: identity) }
    guard case .unusable(let message)? = error else {
      Issue.record("unusable expected, not \(String(describing: error))")
      return
    }
    #expect(message.contains("s3://bucket"))
    try test.reopen()
    #expect(try test.list() == ["f"])
  }

  @Test func aCatalogOfANewerVersionIsRefused() throws {
    try test.make("f")
    try test.catalog.connections.write { database in
      try database.execute("INSERT INTO grdb_migrations VALUES ('99 of tomorrow')")
    }
    try test.catalog.close()
    let error = #expect(throws: CatalogError.self) { try test.reopen() }
    guard case .unusable(let message)? = error else {
      Issue.record("unusable expected, not \(String(describing: error))")
      return
    }
    #expect(message.contains("99 of tomorrow"))
  }

  @Test func aPathThatHoldsNoFileIsUnusable() throws {
    #expect(throws: CatalogError.self) {
      _ = try Catalog(
        path: "/dev/null/catalog", identity: "x", root: TestCatalog.root,
        schedule: TestCatalog.schedule, generation: 1)
    }
  }
}
