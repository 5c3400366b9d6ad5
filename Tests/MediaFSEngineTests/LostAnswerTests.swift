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
    let fs = try await partlyHere()
    let handle = try await fs.open("f", [.read, .write])
    try fs.write([7], at: 10, to: handle)
    let found = TestVolume.pattern(3_000).map { $0 ^ 1 }
    try await send(found, as: "f", of: fs)

    let expected = found[..<10] + [7] + found[11...]
    let bytes = try await fs.volume.read(handle, at: 0, count: 300_000)
    #expect(bytes == Array(expected))
    #expect(try await fs.attributes("f").size == 3_000)
    fs.volume.release(handle)
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/f": Array(expected)])
  }

  /// What was written behind the end of that state is here, and stays, whatever else is lost: also
  /// what was written while the store was asked.
  @Test func whatWasWrittenIsNotCutOff() async throws {
    let fs = try await partlyHere()
    let handle = try await fs.open("f", [.read, .write])
    try fs.write([7], at: 10, to: handle)
    try await send(TestVolume.pattern(3_000), as: "f", of: fs)
    let gate = Gate()
    fs.store.inject(.holdAnswer(gate), on: .head, key: ObjectKey("ns/f"), times: 2)
    let volume = fs.volume
    let read = Task { try await volume.read(handle, at: 100, count: 10) }
    // What is read, and what is read ahead.
    await gate.reached(by: 2)
    try fs.write([8, 9], at: 150_000, to: handle)
    gate.open()
    await #expect(throws: FileSystemError.self) { try await read.value }
    #expect(try await volume.read(handle, at: 150_000, count: 2) == [8, 9])
    #expect(try await fs.attributes("f").size == 200_000)
    volume.release(handle)
  }

  /// What has no content is recognised as well: a symbolic link, whose attributes were sent.
  @Test func aSymbolicLinkIsRecognised() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    let caller = Caller(owner: Owner(user: 1, group: 2))
    let link = try await fs.volume.makeSymbolicLink(
      TestVolume.name("l"), in: .root, target: "target", caller: caller)
    fs.volume.setPaused(false)
    try await fs.drain()
    fs.volume.setPaused(true)
    _ = try await fs.volume.setAttributes(
      of: link.attributes.inode, AttributeChanges(user: 77), handle: nil)
    let (key, context) = (ObjectKey("ns/l"), fs.volume.context)
    let sent = try await context.store.head(key)
    try await send(Array("target".utf8), as: "l", of: fs, besides: sent.headers.metadata)
    try await fs.rename("l", to: "m")
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/m": "target"])
  }

  /// A file of 200,000 bytes of which the store has all, and the cache has none.
  private func partlyHere() async throws -> TestVolume {
    let fs = try TestVolume { $0.uploadEnabled = false }
    let context = fs.volume.context
    try await fs.write("f", TestVolume.pattern(200_000))
    fs.volume.setPaused(false)
    try await fs.drain()
    fs.volume.setPaused(true)
    let content = try await context.registry.acquire(fs.inode("f"), asHandle: false)
    defer { _ = context.registry.release(content, asHandle: false) }
    let segment = Segment(content: content.number, index: 0)
    _ = try content.evict(segment, context.catalog, now: context.environment.now())
    return fs
  }

  /// Puts what an earlier life would have sent as the state that the catalog is in now.
  private func send(
    _ bytes: [UInt8], as name: String, of fs: TestVolume, besides: [String: String] = [:]
  ) async throws {
    let (key, catalog) = (ObjectKey("ns/" + name), fs.volume.context.catalog)
    let record = try #require(try catalog.inode(try await fs.inode(name)))
    let mark = CommitMark.metadata(
      CommitToken(record, generation: catalog.generation).text, at: key,
      generation: catalog.generation)
    _ = try await fs.store.put(
      key, BytesSource(bytes), headers: ObjectHeaders(metadata: besides.merging(mark) { $1 }),
      condition: .none)
  }
}
