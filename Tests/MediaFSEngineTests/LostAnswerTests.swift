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
}
