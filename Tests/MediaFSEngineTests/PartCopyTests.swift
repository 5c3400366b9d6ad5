import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
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
    let lost = ObjectStoreError(.unavailable, code: "Lost", message: "The request was lost")
    fs.store.inject(.holdThenFail(gate, lost), on: .copy, key: target)
    try await fs.rename("large", to: "moved")
    await gate.reached()
    // What the store's own copy has begun by now.
    _ = try await memory.createUpload(target, headers: ObjectHeaders())
    let stopping = fs.volume
    async let crashed: Void = stopping.reconciler.stop()
    gate.open()
    await crashed
    let cleaned = Gate()
    fs.store.inject(.holdAnswer(cleaned), on: .abortUpload)
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/moved": "more than ten"])
    await cleaned.reached()
    #expect(try await memory.listUploads(prefix: "").isEmpty)
    cleaned.open()
  }
}
