import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

/// What may take the place of an object whose version is not the one that is known.
@Suite struct RecognitionTests {
  private let test: TestCatalog
  private let file: InodeRecord
  private let known: StoredObject

  init() throws {
    test = try TestCatalog()
    file = try test.makeClean("f", "one")
    known = try #require(file.object)
  }

  private func token(_ record: InodeRecord) -> CommitToken {
    CommitToken(record, generation: test.catalog.generation)
  }

  private func found(_ etag: String, size: Int64) -> StoredObject {
    TestCatalog.object("f", etag, size: size)
  }

  private func isRecognised(_ found: StoredObject, _ token: CommitToken) throws -> Bool {
    try test.catalog.recognise(found, token, insteadOf: known, of: file.number, at: test.now)
  }

  @Test func laterAttributesAreOfTheSameSize() throws {
    var later = file
    later.attributeVersion += 1
    #expect(try !isRecognised(found("two", size: known.size + 1), token(later)))
    #expect(try test.record("f").object == known)
    #expect(try isRecognised(found("two", size: known.size), token(later)))
    #expect(try test.record("f").object == found("two", size: known.size))
  }

  @Test func laterContentIsOfAnySizeAndNotCommitted() throws {
    let first = try test.catalog.beginWriting(file.number, at: test.now)
    _ = try test.catalog.beginWriting(file.number, at: test.now)
    let two = found("two", size: known.size + 7)
    try test.catalog.expect(two.key, of: file.number, until: nil, at: test.now)
    #expect(try isRecognised(two, token(first)))
    // As somebody else who has seen the same.
    #expect(try isRecognised(two, token(first)))
    let record = try test.record("f")
    #expect(record.object == two && record.committedVersion == file.version)
    #expect(record.isContentDirty && record.baseSize == file.baseSize)
    #expect(try test.catalog.tombstone(at: two.key)?.sent == [file.number])
    // Who asked for the first version does not bring back what came between.
    #expect(try !isRecognised(found("three", size: 1), token(first)))
    #expect(try test.record("f").object == two)
  }

  /// What the file still has of the object was in every state that was sent since.
  @Test func laterContentIsNoShorterThanWhatIsLeftOfTheObject() throws {
    let later = try test.catalog.beginWriting(file.number, at: test.now)
    #expect(try !isRecognised(found("two", size: file.baseSize - 1), token(later)))
    #expect(try isRecognised(found("two", size: file.baseSize), token(later)))
  }

  @Test func whatWasNeverSentIsSomebodyElses() throws {
    var next = file
    next.version += 1
    #expect(try !isRecognised(found("two", size: 1), token(next)))
    let written = try test.catalog.beginWriting(file.number, at: test.now)
    let elsewhere = CommitToken(written, generation: test.catalog.generation &+ 1)
    #expect(try !isRecognised(found("two", size: 1), elsewhere))
    #expect(try !isRecognised(known, token(written)))
    #expect(try test.record("f").object == known)
  }

  /// Other tools keep metadata when they write an object: then our words speak of the old one.
  @Test func whatIsCommittedIsNoLaterState() throws {
    _ = try test.catalog.beginWriting(file.number, at: test.now)
    #expect(try !isRecognised(found("two", size: known.size), token(file)))
    var earlier = file
    earlier.version -= 1
    earlier.attributeVersion += 1
    #expect(try !isRecognised(found("two", size: known.size), token(earlier)))
  }

  @Test func ofAFileWithoutANameNothingIsKnown() throws {
    let written = try test.catalog.beginWriting(file.number, at: test.now)
    test.open = [file.number]
    try test.unlink("f")
    #expect(try isRecognised(found("two", size: 1), token(written)))
    #expect(try test.catalog.inode(file.number)?.object == nil)
    #expect(try test.catalog.tombstone(at: known.key)?.etag == known.etag)
  }
}
