import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Synchronization
import Testing

/// An upload whose answer was lost is recognised, while the file goes on changing.
@Suite struct LostAnswerTests {
  @Test func whatIsRecognisedIsCommittedInOneStepWithTheContent() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.write("bytes", to: "f")
    let handle = try await fs.open("f", [.read, .write])
    let number = try await fs.inode("f")
    let context = fs.volume.context
    let content = try #require(context.registry.current(number))
    let key = ObjectKey("ns/f")
    let gate = Gate()
    fs.store.inject(.loseAnswer(.connectionLost), on: .put, key: key)
    fs.store.inject(.holdAnswer(gate), on: .head, key: key)
    fs.volume.setPaused(false)
    let volume = fs.volume
    async let drained: Void = volume.flush(beneath: nil)
    await gate.reached()
    // Where a writer would be between marking the file and writing its bytes.
    try content.changing.withLock { _ in
      let users = content.state.withLock { $0.users }
      gate.open()
      var isCommitted = false
      while !isCommitted, content.state.withLock({ $0.users }) == users {
        isCommitted = try context.catalog.inode(number).map { !$0.isContentDirty } ?? true
      }
      #expect(!isCommitted)
    }
    try await drained
    #expect(fs.puts().count == 2)
    try fs.write(Array("B".utf8), at: 0, to: handle)
    try await volume.flush(handle)
    volume.release(handle)
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "Bytes"])
  }

  /// A power cut takes from the catalog that a file was cut, and sent, and it is changed again: the
  /// store has a state of it that nobody here knows, and the rest of the one before nobody has.
  @Test func aCutThatTheStoreKnowsAloneIsMadeOnceMore() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    let (key, context) = (ObjectKey("ns/f"), fs.volume.context)
    try await fs.write("f", TestVolume.pattern(200_000))
    fs.volume.setPaused(false)
    try await fs.drain()
    fs.volume.setPaused(true)
    let content = try await context.registry.acquire(fs.inode("f"), asHandle: true)
    let segment = Segment(content: content.number, index: 0)
    _ = try content.evict(segment, context.catalog, now: context.environment.now())
    let handle = try await fs.open("f", [.read, .write])
    try fs.write([7], at: 10, to: handle)
    let record = try #require(try context.catalog.inode(content.inode))
    let mark = CommitMark.metadata(
      CommitToken(record, generation: context.catalog.generation).text, at: key,
      generation: context.catalog.generation)
    let found = TestVolume.pattern(3_000).map { $0 ^ 1 }
    _ = try await fs.store.put(
      key, BytesSource(found), headers: ObjectHeaders(metadata: mark), condition: .none)

    let expected = found[..<10] + [7] + found[11...]
    let bytes = try await fs.volume.read(handle, at: 0, count: 300_000)
    #expect(bytes == Array(expected))
    #expect(try await fs.attributes("f").size == 3_000)
    fs.volume.release(handle)
    _ = context.registry.release(content, asHandle: true)
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/f": Array(expected)])
  }
}
