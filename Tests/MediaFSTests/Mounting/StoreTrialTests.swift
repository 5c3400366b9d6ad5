import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

@testable import mediafs

@Suite struct StoreTrialTests {
  private let memory = MemoryObjectStore()
  private let source: Source

  init() throws {
    source = try Source(parsing: "s3://bucket/site")
  }

  private func run(_ store: any ObjectStore) async -> (lines: [String], failure: Failure?) {
    var lines: [String] = []
    let report = await StoreTrial(store: store, source: source).run { lines.append($0) }
    return (lines, report.failure(address: "memory", source: source))
  }

  @Test func goodStorePassesAndIsLeftClean() async {
    let (lines, failure) = await run(memory)
    #expect(failure == nil)
    #expect(
      lines == [
        "PUT: works", "GET: works", "GET of a range: works", "LIST: works",
        "multipart upload: works", "conditional writes: all", "conditional PUT: works",
        "DELETE: works",
      ])
    #expect(memory.keys == [])
  }

  @Test func staysBeneathItsOwnPrefix() async {
    let store = FaultStore(memory)
    _ = await run(store)
    #expect(store.calls.allSatisfy { $0.key.hasPrefix("site/.mediafs/") })
  }

  @Test func missingRightIsNamed() async {
    let store = FaultStore(memory)
    let denied = ObjectStoreError(
      .accessDenied, code: "AccessDenied", message: "no", httpStatus: 403)
    store.inject(.fail(denied), on: .list)
    let (lines, failure) = await run(store)
    #expect(failure?.status == .accessDenied)
    #expect(failure?.description.contains("LIST") == true)
    #expect(lines.contains("DELETE: works"), "the other steps are tried all the same")
  }

  @Test func unsupportedFeatureHasItsStatus() async {
    let store = FaultStore(memory)
    let missing = ObjectStoreError(
      .invalid, code: "NotImplemented", message: "no", httpStatus: 501)
    store.inject(.fail(missing), on: .createUpload)
    #expect(await run(store).failure?.status == .storeLacksFeature)
  }

  @Test func deleteThatDoesNothingIsFound() async {
    let (lines, failure) = await run(KeepingStore(memory))
    #expect(failure?.status == .storeLacksFeature)
    #expect(lines.last == "DELETE: does not work: the object is still there")
  }
}
