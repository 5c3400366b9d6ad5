import MediaFSCore
import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

@Suite struct StoreProbeTests {
  private let memory = MemoryObjectStore()
  private let store: FaultStore

  init() {
    store = FaultStore(memory, checksDeletes: true)
  }

  private func probe() async throws(ObjectStoreError) -> StoreFeatures {
    try await StoreProbe.run(store, StoreProbe.keys(KeySpace(prefix: "org/"), random: { 0.5 }))
  }

  @Test func aStoreThatChecksHasBoth() async throws {
    let features = try await probe()
    #expect(
      features
        == StoreFeatures(
          conditionalCreate: true, conditionalReplace: true, conditionalCopy: true,
          conditionalComplete: true, conditionalDelete: true))
    #expect(memory.keys.isEmpty)
    let isOurs = store.calls.allSatisfy { $0.key.hasPrefix("org/.mediafs/probe-") }
    #expect(isOurs, "a call went elsewhere")
  }

  @Test(arguments: [
    ConditionSupport.ignored, .refused(.conditionFailed(ObjectKey("a"))),
    .refused(.invalid("InvalidArgument", "")),
    .refused(ObjectStoreError(.unavailable, code: "NotImplemented", message: "", httpStatus: 501)),
  ])
  func aStoreThatDoesNotCheckHasNone(_ conditions: ConditionSupport) async throws {
    store.conditions = conditions
    let features = try await probe()
    #expect(!features.conditionalCreate && !features.conditionalReplace)
    #expect(!features.conditionalComplete && !features.conditionalDelete)
    #expect(memory.keys.isEmpty)
    #expect(try await memory.listUploads(prefix: "").isEmpty)
  }

  @Test func aStoreMayIgnoreThoseOfCopiesAlone() async throws {
    store.conditions = .ignoredOnCopies
    let features = try await probe()
    #expect(!features.conditionalCopy && features.conditionalComplete)
  }

  @Test(
    arguments: [
      (ChecksumAlgorithm.allCases, [.crc64nvme, .crc32c], .crc64nvme),
      (ChecksumAlgorithm.allCases, [.crc32c], .crc32c), ([.crc64nvme], [.crc32c], nil),
      ([], [.crc64nvme], nil),
    ] as [([ChecksumAlgorithm], Set<ChecksumAlgorithm>, ChecksumAlgorithm?)])
  func theBestOfTheChecksumsIsFound(
    _ asked: [ChecksumAlgorithm], _ verified: Set<ChecksumAlgorithm>, _ best: ChecksumAlgorithm?
  ) async throws {
    let store = ChecksummingStore(memory, asked: asked, verified: verified)
    let keys = StoreProbe.keys(KeySpace(prefix: ""), random: { 0 })
    let features = try await StoreProbe.run(store, keys)
    #expect(features.checksum == best)
  }

  @Test func aFailureIsToldAndNothingIsLeft() async throws {
    let number = String(UInt64(1) << 52, radix: 36)
    store.inject(
      .loseAnswer(.connectionLost), on: .put, key: ObjectKey("org/.mediafs/probe-" + number))
    let error = await #expect(throws: ObjectStoreError.self) { try await probe() }
    #expect(error?.code == "ConnectionLost")
    #expect(memory.keys.isEmpty)
  }
}
