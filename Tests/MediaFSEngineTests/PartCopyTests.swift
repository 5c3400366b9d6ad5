import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Synchronization
import Testing

/// A copy that the store makes of parts leaves none behind when the daemon dies on the way.
@Suite struct PartCopyTests {
  private static let limits = StoreLimits(
    putSize: 10, minimumPartSize: 1, maximumPartSize: 1 << 20, partCount: 100,
    objectSize: 1 << 30)

  @Test func whatDiedOnTheWayIsCleaned() async throws {
    let memory = MemoryObjectStore(limits: Self.limits)
    let (source, target) = (ObjectKey("ns/large"), ObjectKey("ns/moved"))
    let upload = try await memory.createUpload(source, headers: ObjectHeaders())
    let part = try await memory.uploadPart(
      source, upload, number: 1, BytesSource(Array("more than ten".utf8)))
    _ = try await memory.completeUpload(source, upload, parts: [part], condition: .none)
    let fs = try TestVolume(store: FaultStore(memory))
    _ = try await fs.names()
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .copy, key: target)
    try await fs.rename("large", to: "moved")
    await gate.reached()
    // What the store's own copy has begun by now.
    _ = try await memory.createUpload(target, headers: ObjectHeaders())
    let cleaned = Gate()
    fs.store.inject(.holdAnswer(cleaned), on: .abortUpload)
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/moved": "more than ten"])
    await cleaned.reached()
    #expect(try await memory.listUploads(prefix: "").isEmpty)
    cleaned.open()
  }

  @Test func aCopyThatCannotBeNotedBlocksNoCleaning() async throws {
    let fs = try TestVolume(store: FaultStore(MemoryObjectStore(limits: Self.limits)))
    await fs.stop()
    let context = fs.volume.context
    let source = StoredObject(key: ObjectKey("ns/large"), etag: ETag("1"), size: 13)
    await #expect(throws: ObjectStoreError.self) {
      _ = try await context.copy(
        source, to: ObjectKey("ns/moved"), headers: nil, condition: .none)
    }
    #expect(fs.store.calls(.copy).allSatisfy { $0.key != ObjectKey("ns/moved") })
    #expect(context.partCopies.withLock { $0.isEmpty })
  }
}
