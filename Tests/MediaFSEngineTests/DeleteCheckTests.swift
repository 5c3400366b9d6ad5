import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// A delete that has waited is checked just before it is sent.
@Suite(.timeLimit(.minutes(1))) struct DeleteCheckTests {
  /// A volume with deleted files that are due, and of which something may have been sent since.
  private func doubtful(_ count: Int) async throws -> (TestVolume, [ObjectKey]) {
    let fs = try TestVolume { $0.deleteDelay = .seconds(3_600) }
    let names = (0..<count).map { "f\($0)" }
    for name in names { try await fs.write(name, to: name) }
    try await fs.drain()
    for name in names { try await fs.unlink(name) }
    let keys = names.map { ObjectKey("ns/" + $0) }
    let (catalog, now) = (fs.volume.context.catalog, fs.volume.context.environment.now())
    for key in keys { try catalog.expect(key, of: InodeNumber(1), until: nil, at: now) }
    fs.store.forgetCalls()
    return (fs, keys)
  }

  private func makeDue(_ keys: [ObjectKey], _ fs: TestVolume) throws {
    try fs.volume.context.catalog.postpone(keys, until: .epoch, error: nil)
    fs.volume.reconciler.changed.signal()
  }

  @Test func aDeleteFollowsFewChecks() async throws {
    let (fs, keys) = try await doubtful(120)
    try makeDue(keys, fs)
    try await fs.drain()
    #expect(try await fs.files().isEmpty)
    var checks = 0
    for call in fs.store.calls {
      switch call.operation {
      case .head: checks += 1
      case .delete, .deleteBatch:
        #expect((1...50).contains(checks))
        checks = 0
      default: break
      }
    }
    #expect(checks == 0)
    #expect(Set(fs.store.calls(.head).map(\.key)) == Set(keys))
  }

  @Test func severalAreCheckedAtOnce() async throws {
    let (fs, keys) = try await doubtful(20)
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .head, times: keys.count)
    try makeDue(keys, fs)
    await gate.reached(by: 8)
    gate.open()
    try await fs.drain()
    #expect(try await fs.files().isEmpty)
  }

  @Test func oneThatCannotBeCheckedWaitsAndOneThatIsNotOursStays() async throws {
    let (fs, keys) = try await doubtful(3)
    _ = try await fs.store.put(
      keys[0], BytesSource([7]), headers: ObjectHeaders(), condition: .none)
    fs.store.inject(.fail(.serverError), on: .head, key: keys[1])
    try makeDue(keys, fs)
    while try fs.volume.context.catalog.tombstone(at: keys[1])?.attempts == 0 {
      await Task.yield()
    }
    #expect(try await fs.objects() == ["ns/f0": [7], "ns/f1": Array("f1".utf8)])
    try makeDue(keys, fs)
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/f0": [7]])
  }
}
