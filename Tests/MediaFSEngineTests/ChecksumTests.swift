import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// What becomes of checksums between the store's answers and the dirty mark.
@Suite struct ChecksumTests {
  private let memory = MemoryObjectStore()
  private let store: ChecksummingStore
  private let bytes = TestVolume.pattern(40 << 20)

  init() {
    store = ChecksummingStore(memory, verified: [.crc64nvme])
  }

  private func volume() throws -> TestVolume {
    try TestVolume(store: FaultStore(store)) { $0.uploadPartSize = 8 << 20 }
  }

  @Test func whatTheStoreVerifiesIsAskedOnceAndRemembered() async throws {
    let fs = try volume()
    try await fs.write("f", [1])
    try await fs.drain()
    #expect(store.current == .crc64nvme)
    store.use(nil)
    fs.store.forgetCalls()
    try await fs.crash()
    try await fs.write("g", [1])
    try await fs.drain()
    #expect(store.current == .crc64nvme)
    #expect(Set(fs.store.calls(.put).map(\.key)) == [ObjectKey("ns/g")])
  }

  @Test func anObjectOfOtherBytesIsReplacedBeforeTheFileIsClean() async throws {
    let fs = try volume()
    store.damageObjects(1)
    try await fs.write("f", bytes)
    try await fs.drain()
    #expect(fs.store.calls(.uploadPart).count == 10)
    let conditions = fs.store.calls(.completeUpload).compactMap(\.condition)
    #expect(conditions.count == 2 && conditions.first == .absent)
    guard case .matches = conditions.last else {
      Issue.record("whatever was there was replaced")
      return
    }
    #expect(memory.bytes(of: ObjectKey("ns/f")) == bytes)
  }

  @Test func partsKeepTheirChecksumsOverACrash() async throws {
    let fs = try volume()
    let gate = Gate()
    let lost = ObjectStoreError(.unavailable, code: "Lost", message: "The request was lost")
    fs.store.inject(.holdThenFail(gate, lost), on: .completeUpload)
    try await fs.write("f", bytes)
    await gate.reached()
    let stopping = fs.volume
    async let crashed: Void = stopping.reconciler.stop()
    gate.open()
    await crashed
    fs.store.forgetCalls()
    try await fs.crash()
    try await fs.drain()
    #expect(fs.store.calls(.uploadPart).isEmpty)
    let parts = try #require(store.completed.last)
    #expect(parts.map(\.checksum) == (1...5).map { ObjectChecksum(.crc64nvme, UInt64($0)) })
  }

  @Test func anUploadOfWhichTheStoreHasOtherPartsBeginsAnew() async throws {
    let fs = try volume()
    let other = ObjectStoreError(
      .unavailable, code: ObjectStoreError.otherPartsCode, message: "Other parts")
    fs.store.inject(.fail(other), on: .completeUpload)
    try await fs.write("f", bytes)
    try await fs.drain()
    #expect(fs.store.calls(.createUpload).count == 2)
    #expect(fs.store.calls(.uploadPart).count == 10)
  }
}
