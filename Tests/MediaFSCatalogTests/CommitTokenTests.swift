import MediaFSCatalog
import Testing

@Suite struct CommitTokenTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  private func relation(_ token: CommitToken, _ record: InodeRecord) -> CommitToken.Relation {
    token.relation(to: record, generation: test.catalog.generation)
  }

  @Test func anObjectIsOnItsWayToBeCommitted() throws {
    var record = try test.makeClean("f", "one")
    record.attributeVersion += 1
    let attributes = CommitToken(record, generation: test.catalog.generation)
    #expect(relation(attributes, record) == .sameContent)
    record.version += 1
    let content = CommitToken(record, generation: test.catalog.generation)
    #expect(relation(content, record) == .newerContent)
    record.committedVersion = record.version
    record.committedAttributeVersion = record.attributeVersion
    #expect(relation(attributes, record) == .foreign)
  }

  /// Other tools keep metadata when they write an object: then our words speak of the old one.
  @Test func whatIsCommittedIsNoOtherVersion() throws {
    var record = try test.makeClean("f", "one")
    let token = record.committedToken(generation: test.catalog.generation)
    #expect(relation(token, record) == .foreign)
    record.linkState = "abc.7.1.2"
    #expect(relation(try #require(CommitToken("abc.7.1.2")), record) == .foreign)
  }
}
