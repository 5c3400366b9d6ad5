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

  // MARK: Without having waited

  /// Files of somebody else's that were listed an hour ago, and of which one was replaced since.
  private func replacedMeanwhile() async throws -> TestVolume {
    let clock = ManualClock()
    let fs = try TestVolume(clock: clock)
    for name in ["f", "g"] { try await put("first", at: name, of: fs) }
    #expect(try await fs.names() == ["f", "g"])
    clock.advance(by: .seconds(3_600))
    try await put("second", at: "f", of: fs)
    return fs
  }

  private func put(_ text: String, at name: String, of fs: TestVolume) async throws {
    _ = try await fs.store.put(
      ObjectKey("ns/" + name), BytesSource(Array(text.utf8)), headers: ObjectHeaders(),
      condition: .none)
  }

  @Test func whatWasSeenLongAgoIsComparedBeforeItIsDeleted() async throws {
    let fs = try await replacedMeanwhile()
    for name in ["f", "g"] { try await fs.unlink(name) }
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "second"])
  }

  @Test func aRenameComparesBeforeItReplaces() async throws {
    let fs = try await replacedMeanwhile()
    // What is renamed while it is sent is tried again later, and this clock stands still.
    fs.volume.setPaused(true)
    try await fs.write("ours", to: "new")
    try await fs.rename("new", to: "f")
    try await fs.unlink("g")
    fs.volume.setPaused(false)
    try await fs.drain()
    let texts = try await fs.texts()
    #expect(texts["ns/f"] == "second")
    #expect(texts.values.sorted() == ["ours", "second"])
  }

  @Test func whatWasJustSeenIsDeletedTogether() async throws {
    let clock = ManualClock()
    let fs = try TestVolume(clock: clock) { $0.deleteDelay = .seconds(1) }
    for name in ["a", "b"] { try await put(name, at: name, of: fs) }
    try await fs.write("c", to: "c")
    try await fs.rename("a", to: "d")
    try await fs.drain()
    fs.store.forgetCalls()
    for name in try await fs.names() { try await fs.unlink(name) }
    clock.advance(by: .seconds(2))
    try await fs.drain()
    #expect(try await fs.texts().isEmpty)
    #expect(fs.store.calls.map(\.operation).filter { $0 != .list } == [.deleteBatch])
  }
}
