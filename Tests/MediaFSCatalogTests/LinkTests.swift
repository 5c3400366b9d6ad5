import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import SystemPackage
import Testing

/// An inode with several names.
@Suite struct LinkTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  private func isIdle() throws -> Bool {
    try test.catalog.nextDue() == nil
  }

  @Test(arguments: FileKind.allCases.filter { $0 != .directory })
  func everythingButADirectoryGetsAnotherName(kind: FileKind) throws {
    let file = try test.make("f", kind)
    try test.make("d", .directory)
    test.advance(5)
    let after = try test.link("f", to: "d/g")
    #expect(after.number == file.number && after.linkCount == 2)
    #expect(try test.record("d/g").number == file.number)
    #expect(after.changed == test.now && after.modified == file.modified)
    #expect(try test.record("d").modified == test.now)
    #expect(try test.catalog.placement(of: file.number)?.paths.map(\.count) == [1, 2])
    #expect(try test.catalog.path(of: file.number) == TestCatalog.names("f"))
  }

  @Test func whatIsRefused() throws {
    try test.make("f")
    try test.make("g")
    try test.make("d", .directory)
    expectRefused(.notPermitted) { try test.link("d", to: "e") }
    expectRefused(.fileExists) { try test.link("f", to: "g") }
    expectRefused(.fileExists) { try test.link("f", to: "f") }
    expectRefused(.notDirectory) { try test.link("f", to: "g/x") }
    #expect(try test.record("f").linkCount == 1)
    let gone = try test.make("gone")
    try test.unlink("gone")
    expectRefused(.noSuchFileOrDirectory) {
      _ = try test.catalog.link(
        gone.number, to: TestCatalog.name("x"), in: .root, at: test.now)
    }
  }

  @Test func namesGoOneByOne() throws {
    let file = try test.make("f")
    try test.link("f", to: "g")
    test.advance(5)
    try test.unlink("f")
    let after = try test.record("g")
    #expect(after.number == file.number && after.linkCount == 1 && after.changed == test.now)
    #expect(try test.catalog.item(of: file.number) != nil)
    try test.unlink("g")
    #expect(try test.catalog.inode(file.number) == nil)
    #expect(try isIdle())
  }

  @Test func theObjectOfANameGoesWithIt() throws {
    try test.makeClean("f", "one")
    try test.link("f", to: "g")
    try test.copy("f", to: "g", "two")
    try test.unlink("g", key: "g")
    #expect(try test.catalog.tombstone(at: ObjectKey("g"))?.etag == ETag("two"))
    #expect(try test.catalog.tombstone(at: ObjectKey("f")) == nil)
    #expect(try test.record("f").object?.key == ObjectKey("f"))
    #expect(try test.catalog.placement(of: test.record("f").number)?.aliases.isEmpty == true)
  }

  @Test func whenTheFirstNameGoesAnotherObjectTakesItsPlace() throws {
    let file = try test.makeClean("f", "one")
    try test.link("f", to: "g")
    try test.copy("f", to: "g", "two")
    try test.unlink("f", key: "f")
    #expect(try test.catalog.tombstone(at: ObjectKey("f"))?.etag == ETag("one"))
    let after = try test.record("g")
    #expect(after.number == file.number)
    #expect(after.object == TestCatalog.object("g", "two", size: 10))
  }

  @Test func anObjectThatHoldsSomethingElseDoesNotTakeItsPlace() throws {
    try test.makeClean("f", "one")
    try test.link("f", to: "g")
    try test.copy("f", to: "g", "two")
    try test.write("f", size: 20)
    try test.upload("f", "three", paths: ["f", "g"])
    try test.unlink("f", key: "f")
    // The only object that has the new bytes stays until another one has.
    #expect(try test.record("g").object?.etag == ETag("three"))
    #expect(try test.catalog.tombstone(at: ObjectKey("f")) == nil)
  }

  @Test func theLastNameTakesAllObjectsAlong() throws {
    try test.makeClean("f", "one")
    try test.link("f", to: "g")
    try test.copy("f", to: "g", "two")
    try test.rename("g", to: "h")
    try test.unlink("f", key: "f")
    try test.unlink("h", key: "h")
    for key in ["f", "g"] {
      #expect(try test.catalog.tombstone(at: ObjectKey(key)) != nil, "\(key)")
    }
  }

  @Test func anOrphanIsErasedAtTheLastCloseOnly() throws {
    let file = try test.make("f")
    try test.link("f", to: "g")
    test.open = [file.number]
    try test.unlink("f")
    #expect(try test.catalog.eraseIfOrphan(file.number) == nil)
    try test.unlink("g")
    #expect(try test.catalog.inode(file.number)?.linkCount == 0)
    #expect(try test.catalog.eraseIfOrphan(file.number) != nil)
  }

  @Test func aFileWithoutANameGetsOne() throws {
    let file = try test.make("f")
    test.open = [file.number]
    try test.unlink("f")
    let after = try test.catalog.link(
      file.number, to: TestCatalog.name("g"), in: .root, at: test.now)
    #expect(after.linkCount == 1 && after.linkGroup == nil)
    #expect(try test.catalog.item(of: file.number) != nil)
    #expect(try test.catalog.eraseIfOrphan(file.number) == nil)
  }

  @Test func aDeletedFileOfWhichBytesAreMissingGetsNoName() throws {
    try test.ingest(etags: ["f": "one"])
    let file = try test.record("f")
    test.open = [file.number]
    try test.unlink("f")
    expectRefused(.noSuchFileOrDirectory) {
      _ = try test.catalog.link(file.number, to: TestCatalog.name("g"), in: .root, at: test.now)
    }
  }

  @Test func twoNamesOfOneInodeAreNotRenamedOntoEachOther() throws {
    let file = try test.make("f")
    try test.link("f", to: "g")
    let outcome = try test.rename("f", to: "g")
    #expect(outcome.replaced == nil)
    try test.exchange("f", with: "g")
    #expect(try test.list() == ["f", "g"])
    #expect(try test.record("f").linkCount == 2)
    #expect(try test.record("f").number == file.number)
  }

  @Test func aRenameOntoOneNameOfManyTakesThatNameOnly() throws {
    let file = try test.make("f")
    try test.link("f", to: "g")
    try test.make("other")
    let outcome = try test.rename("other", to: "g")
    #expect(outcome.replaced?.number == file.number)
    #expect(try test.record("f").linkCount == 1)
    #expect(try test.list() == ["f", "g"])
  }

  @Test func finishingWaitsForAllNames() throws {
    try test.makeClean("f")
    let seen = try test.link("f", to: "g")
    #expect(
      try !test.catalog.finish(seen, paths: [TestCatalog.names("f")], at: test.now))
    #expect(
      try test.catalog.finish(
        seen, paths: [TestCatalog.names("f"), TestCatalog.names("g")], at: test.now))
  }

  /// The objects say how many names there are.
  @Test func theStoreIsToldHowManyThereAre() throws {
    try test.makeClean("f")
    #expect(try test.link("f", to: "g").isAttributeDirty)
    try test.upload("f", paths: ["f", "g"])
    #expect(try !test.record("f").isAttributeDirty)
    try test.unlink("g", key: "g")
    #expect(try test.record("f").isAttributeDirty)
  }
}

extension TestCatalog {
  @discardableResult
  func link(_ path: String, to newPath: String) throws -> InodeRecord {
    let names = try Self.names(newPath)
    let name = try #require(names.last)
    let parent = try #require(try catalog.resolve(Array(names.dropLast())))
    return try catalog.link(record(path).number, to: name, in: parent, at: now)
  }

  func unlink(_ path: String, key: String) throws {
    let names = try Self.names(path)
    let name = try #require(names.last)
    let parent = try #require(try catalog.resolve(Array(names.dropLast())))
    _ = try catalog.unlink(
      name, in: parent, key: ObjectKey(key), at: now, isOpen: open.contains)
  }

  /// The store has copied the primary object for another name.
  func copy(_ path: String, to key: String, _ etag: String) throws {
    let seen = try record(path)
    let commit = Commit(
      inode: seen.number, object: Self.object(key, etag, size: seen.size), version: seen.version,
      attributeVersion: seen.attributeVersion)
    try catalog.commitAlias(commit, at: now)
  }

  /// The primary object is where the first name wants it, and tells all there is to tell.
  func upload(_ path: String, _ etag: String = "e", paths: [String]) throws {
    let seen = try record(path)
    if seen.isContentDirty { try catalog.detach(seen.number) }
    let commit = Commit(
      inode: seen.number, object: Self.object(path, etag, size: seen.size), version: seen.version,
      attributeVersion: seen.attributeVersion)
    _ = try catalog.commit(commit, at: now)
    try #require(
      try catalog.finish(record(path), paths: paths.map { try Self.names($0) }, at: now))
  }
}
