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

  @Test func anObjectIsWhatWasCommittedOrIsAboutToBe() throws {
    var record = try test.makeClean("f", "one")
    let token = record.committedToken(generation: test.catalog.generation)
    #expect(relation(token, record) == .sameContent)
    record.committedVersion += 1
    #expect(relation(token, record) == .newerContent)
  }

  @Test func theWordsOfAnotherHostAreKeptForItsState() throws {
    var record = try test.makeClean("f", "one")
    let token = try #require(CommitToken("abc.7.1.2"))
    #expect(relation(token, record) == .foreign)
    record.linkState = token.text
    #expect(relation(token, record) == .sameContent)
  }
}
