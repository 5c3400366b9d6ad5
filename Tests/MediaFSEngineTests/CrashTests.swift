import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// What was acknowledged survives the death of the daemon, and the bucket converges to it.
@Suite struct CrashTests {
  @Test func anOpenFileKeepsWhatWasWritten() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    let (entry, open) = try await fs.volume.create(
      TestVolume.name("f"), in: .root, permissions: 0o600,
      caller: Caller(owner: Owner(user: 1, group: 2)),
      [.write])
    try fs.write(Array("hello".utf8), at: 0, to: open.handle)
    try fs.write(Array("world".utf8), at: 10, to: open.handle)
    fs.options.uploadEnabled = true
    try await fs.crash()
    #expect(try await fs.attributes("f").size == 15)
    #expect(try await fs.attributes("f").inode == entry.attributes.inode)
    try await fs.drain()
    #expect(
      try await fs.objects()["ns/f"] == Array("hello".utf8) + [0, 0, 0, 0, 0] + Array("world".utf8))
  }

  @Test func aPatchOfARemoteFileKeepsBothHalves() async throws {
    let fs = try TestVolume()
    let old = [UInt8](repeating: 1, count: 3 << 20)
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource(old), headers: ObjectHeaders(), condition: .none)
    let handle = try await fs.open("f", [.read, .write])
    fs.volume.setPaused(true)
    try fs.write([9, 9, 9], at: 1 << 20, to: handle)
    #expect(fs.store.calls(.get).isEmpty)
    try await fs.crash()
    var expected = old
    expected.replaceSubrange((1 << 20)..<(1 << 20) + 3, with: [9, 9, 9])
    #expect(try await fs.read("f") == expected)
    try await fs.drain()
    #expect(try await fs.objects()["ns/f"] == expected)
  }

  @Test func aLostAnswerIsRecognisedAsOurOwnUpload() async throws {
    let fs = try TestVolume()
    let gate = Gate()
    fs.store.inject(.holdAnswer(gate), on: .put, key: ObjectKey("ns/f"))
    try await fs.write("mine", to: "f")
    await gate.reached()
    let stopping = fs.volume
    async let crashed: Void = stopping.reconciler.stop()
    gate.open()
    await crashed
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "mine"])
    #expect(try await fs.names() == ["f"])
  }

  @Test func anOlderUploadWhoseAnswerWasLostIsNoConflict() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    fs.store.inject(.loseAnswer(.connectionLost), on: .put, key: ObjectKey("ns/f"))
    try await fs.write("first", to: "f")
    fs.volume.setPaused(false)
    while fs.store.calls(.put).allSatisfy({ $0.key.text != "ns/f" }) { await Task.yield() }
    try await fs.write("second", to: "f")
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "second"])
    #expect(try await fs.names() == ["f"])
  }

  @Test func whatADeletedFileHasSentIsNoConflict() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    fs.store.inject(.loseAnswer(.connectionLost), on: .put, key: ObjectKey("ns/f"))
    try await fs.write("first", to: "f")
    fs.volume.setPaused(false)
    while fs.store.calls(.put).allSatisfy({ $0.key.text != "ns/f" }) { await Task.yield() }
    try await fs.unlink("f")
    try await fs.write("another", to: "f")
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "another"])
    #expect(try await fs.names() == ["f"])
    #expect(fs.volume.context.statistics.conflicts.count == 0)
  }

  @Test func somebodyElsesVersionAndOursBothSurvive() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.write("ours", to: "report.txt")
    _ = try await fs.store.put(
      ObjectKey("ns/report.txt"), BytesSource(Array("theirs".utf8)), headers: ObjectHeaders(),
      condition: .none)
    fs.volume.setPaused(false)
    try await fs.drain()
    let texts = try await fs.texts()
    #expect(texts["ns/report.txt"] == "theirs")
    #expect(texts.filter { $0.key.hasPrefix("ns/report (conflict here ") }.values.first == "ours")
    #expect(try await fs.read("report.txt") == Array("theirs".utf8))
    #expect(try await fs.names().count == 2)
  }

  @Test func aFailingStoreIsTriedUntilItWorks() async throws {
    let fs = try TestVolume()
    fs.store.inject(.fail(.serverError), on: .put, key: ObjectKey("ns/f"), times: 1)
    try await fs.write("x", to: "f")
    while fs.store.calls(.put).allSatisfy({ $0.key.text != "ns/f" }) { await Task.yield() }
    _ = try fs.volume.retry(beneath: nil)
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "x"])
  }

  @Test func aRefusedUploadIsParkedAndVisibleUntilRetried() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    let denied = ObjectStoreError(
      .accessDenied, code: "AccessDenied", message: "no", httpStatus: 403)
    fs.store.inject(.fail(denied), on: .put, key: ObjectKey("ns/f"))
    try await fs.write("x", to: "f")
    fs.volume.setPaused(false)
    await #expect(throws: FileSystemError.self) { try await fs.drain() }
    let status = try fs.volume.status()
    #expect(status.parked.map(\.path) == ["f"])
    #expect(status.parked.first?.error.contains("AccessDenied") == true)
    #expect(try await fs.read("f") == Array("x".utf8))
    #expect(try fs.volume.retry(beneath: nil) == 1)
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "x"])
  }

  @Test func anUnlinkedOpenFileIsReadableAndLeavesNothing() async throws {
    let fs = try TestVolume()
    try await fs.write("x", to: "f")
    try await fs.drain()
    let handle = try await fs.open("f", [.read, .write])
    try await fs.unlink("f")
    try fs.write(Array("more".utf8), at: 1, to: handle)
    #expect(try await fs.volume.read(handle, at: 0, count: 10) == Array("xmore".utf8))
    fs.volume.release(handle)
    try await fs.drain()
    #expect(try await fs.texts().isEmpty)
    #expect(fs.volume.context.space.account.used == 0)
    #expect(try fs.volume.context.catalog.usage() == 0)
  }
}
