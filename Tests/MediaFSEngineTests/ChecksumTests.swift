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

  /// More often than one attempt repeats it: the next one finds an object with its own mark.
  @Test func anObjectOfOtherBytesIsNotTakenForOursByTheNextAttempt() async throws {
    let fs = try volume()
    store.damageObjects(4)
    try await fs.write("f", bytes)
    try await fs.drain()
    let head = try await fs.store.head(ObjectKey("ns/f"))
    #expect(head.checksum == Checksum.of(bytes, .crc64nvme))
    // Three, one that is refused because something is there, one more that is damaged, and that.
    #expect(fs.store.calls(.completeUpload).count == 6)
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
    let expected = stride(from: 0, to: bytes.count, by: 8 << 20).map {
      Checksum.of(Array(bytes[$0..<min(bytes.count, $0 + (8 << 20))]), .crc64nvme)
    }
    #expect(parts.map(\.checksum) == expected)
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
