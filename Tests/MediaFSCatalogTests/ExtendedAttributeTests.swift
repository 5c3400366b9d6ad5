import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import SystemPackage
import Testing

@Suite struct ExtendedAttributeTests {
  private static let name = AttributeName("user.a")

  private static func name(_ text: String) throws -> AttributeName {
    try #require(AttributeName(text))
  }

  private static let list = AccessControlList([
    .init(.owner, 7), .init(.user(5), 6), .init(.owningGroup, 5), .init(.mask, 6),
    .init(.others, 1),
  ])

  private func set(
    _ catalog: TestCatalog, _ path: String, _ name: String, _ value: [UInt8],
    expecting presence: AttributePresence = .any
  ) throws {
    _ = try catalog.catalog.setExtendedAttribute(
      Self.name(name), of: catalog.record(path).number, to: value, expecting: presence,
      at: catalog.now)
  }

  @Test func aValueIsKeptAndCountsAsAChangeOfAttributes() throws {
    let catalog = try TestCatalog()
    let clean = try catalog.makeClean("f")
    catalog.advance(5)
    try set(catalog, "f", "user.a", [0, 1, 255])
    let record = try catalog.record("f")
    #expect(record.isAttributeDirty && !record.isContentDirty)
    #expect(record.changed == catalog.now && record.modified == clean.modified)
    #expect(try catalog.catalog.item(of: record.number) != nil)
    try catalog.reopen()
    let held = try catalog.catalog.extendedAttributes(of: record.number)
    #expect(held.names.map(\.text) == ["user.a"])
    #expect(
      try catalog.catalog.extendedAttribute(Self.name("user.a"), of: record.number) == [0, 1, 255])
  }

  @Test func flagsSayWhatMustBeThere() throws {
    let catalog = try TestCatalog()
    try catalog.make("f")
    expectRefused(.noData) { try set(catalog, "f", "user.a", [1], expecting: .present) }
    try set(catalog, "f", "user.a", [1], expecting: .absent)
    expectRefused(.fileExists) { try set(catalog, "f", "user.a", [2], expecting: .absent) }
    try set(catalog, "f", "user.a", [3], expecting: .present)
    let inode = try catalog.record("f").number
    #expect(try catalog.catalog.extendedAttribute(Self.name("user.a"), of: inode) == [3])
    _ = try catalog.catalog.removeExtendedAttribute(
      Self.name("user.a"), of: inode, at: catalog.now)
    expectRefused(.noData) {
      _ = try catalog.catalog.removeExtendedAttribute(
        Self.name("user.a"), of: inode, at: catalog.now)
    }
  }

  @Test func whatIsTooMuchLeavesEverythingAsItWas() throws {
    let catalog = try TestCatalog()
    try catalog.make("f")
    for index in 0..<15 {
      try set(catalog, "f", "user.\(index)", [UInt8](repeating: 1, count: 65_536))
    }
    let before = try catalog.record("f")
    expectRefused(.noSpace) {
      try set(catalog, "f", "user.last", [UInt8](repeating: 1, count: 65_536))
    }
    #expect(try catalog.record("f") == before)
    #expect(try catalog.catalog.attributeNames(of: before.number).count == 15)
  }

  @Test func anAccessListChangesTheModeAndAModeTheList() throws {
    let catalog = try TestCatalog()
    let file = try catalog.make("f")
    let list = try #require(Self.list)
    try set(catalog, "f", "system.posix_acl_access", list.encode())
    #expect(try catalog.record("f").permissions == 0o761)
    _ = try catalog.catalog.setAttributes(
      of: file.number, AttributeChanges(permissions: 0o1640), at: catalog.now)
    let held = try catalog.catalog.extendedAttributes(of: file.number).accessList
    #expect(held == list.following(0o640))
    #expect(try catalog.record("f").permissions == 0o1640)
    try set(
      catalog, "f", "system.posix_acl_access",
      AccessControlList(permissions: 0o604).encode())
    #expect(try catalog.record("f").permissions == 0o1604)
    #expect(try catalog.catalog.attributeNames(of: file.number).isEmpty)
  }

  @Test func aListNeedsItsPlace() throws {
    let catalog = try TestCatalog()
    try catalog.make("f")
    try catalog.make("l", .symbolicLink)
    try catalog.make("d", .directory)
    let value = try #require(Self.list).encode()
    expectRefused(.permissionDenied) {
      try set(catalog, "f", "system.posix_acl_default", value)
    }
    expectRefused(.notSupported) { try set(catalog, "l", "system.posix_acl_access", value) }
    expectRefused(.invalidArgument) {
      try set(catalog, "d", "system.posix_acl_default", value + [1])
    }
    expectRefused(.notSupported) {
      try set(catalog, "d", "system.posix_acl_default", [9, 0, 0, 0])
    }
    try set(catalog, "d", "system.posix_acl_default", value)
    try set(catalog, "d", "system.posix_acl_default", [2, 0, 0, 0])
    #expect(try catalog.catalog.attributeNames(of: catalog.record("d").number).isEmpty)
  }

  @Test func attributesGoWithTheirInode() throws {
    let catalog = try TestCatalog()
    let file = try catalog.make("f")
    try set(catalog, "f", "user.a", [1])
    try catalog.unlink("f")
    #expect(try catalog.catalog.extendedAttributes(of: file.number).isEmpty)
  }

  @Test func whatWasReadFromTheObjectTakesThePlaceOfWhatWasKnown() throws {
    let catalog = try TestCatalog()
    try catalog.makeClean("f")
    try set(catalog, "f", "user.old", [1])
    try catalog.upload("f", "e2")
    catalog.advance(100)
    try catalog.ingest(etags: ["f": "other"])
    var learned = ExtendedAttributes()
    learned[try Self.name("user.new")] = [2]
    let record = try catalog.record("f")
    #expect(!record.attributesKnown)
    try catalog.catalog.learn(
      LearnedAttributes(
        kind: .regular, permissions: 0o600, owner: Owner(user: 1, group: 1),
        accessed: catalog.now, modified: catalog.now, changed: catalog.now, extended: learned),
      of: record.number, etag: ETag("other"))
    #expect(try catalog.catalog.extendedAttributes(of: record.number) == learned)
  }
}
