import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// A store that is slow is not one that does not answer: deadlines run from the last progress.
@Suite(.timeLimit(.minutes(1))) struct SlowStoreTests {
  private static let deadline: Duration = .seconds(77)

  @Test func aCopyWaitsWhileBytesArrive() async throws {
    let deadlines = HeldDeadlines(of: Self.deadline)
    let fs = try TestVolume(deadlines: deadlines) { $0.networkDeadline = Self.deadline }
    let bytes = TestVolume.pattern(4 << 20)
    _ = try await fs.store.put(
      ObjectKey("ns/a"), BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    try await fs.write("b", to: "b")
    let (source, target) = (try await fs.open("a"), try await fs.open("b", [.read, .write]))
    let body = Gate()
    fs.store.inject(.holdBody(after: 1 << 20, body), on: .get, key: ObjectKey("ns/a"))
    deadlines.arm()
    let volume = fs.volume
    async let copied = volume.copyRange(
      from: source, at: 0, to: target, at: 1, count: Int64(bytes.count))
    await body.reached()
    await deadlines.first.reached()
    deadlines.first.open()
    await deadlines.later.reached()
    body.open()
    #expect(try await copied == Int64(bytes.count))
    #expect(try await fs.read("b") == Array("b".utf8) + bytes)
    for handle in [source, target] { volume.release(handle) }
  }
}
