import MediaFSCache
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import PosixIO
import SystemPackage
import Testing

/// Recovery goes on behind the mount: who asks for something meanwhile does not wait for it.
@Suite struct BehindTheMountTests {
  @Test func filesAreServedBeforeRecoveryIsOver() async throws {
    let pauses = HeldDeadlines(of: Recovery.pause)
    let fs = try TestVolume(deadlines: pauses)
    try await fs.write("text", to: "f")
    await fs.stop()
    // Nothing knows this content file: recovery puts it aside, when it comes to it.
    let stray = ContentNumber(255)
    try fs.volume.context.disk.open(stray).write([1, 2, 3], at: 0)
    pauses.arm()
    try await fs.crash()
    await pauses.first.reached()
    #expect(try await fs.read("f") == Array("text".utf8))
    try await fs.write("more", to: "g")
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f": "text", "ns/g": "more"])
    let disk = fs.volume.context.disk
    #expect(try disk.status(of: stray) != nil)
    pauses.first.open()
    pauses.later.open()
    try eventually("the end of recovery", within: .seconds(60)) {
      try disk.status(of: stray) == nil
    }
    #expect(try fs.volume.status().quarantine.files == 1)
  }

  /// What was about to begin when the daemon ends would go on beside the next one.
  @Test func nothingBeginsOnceTheEndHasBegun() async throws {
    let fs = try TestVolume()
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .put, key: ObjectKey("ns/f"))
    try await fs.write("text", to: "f")
    await gate.reached()
    let reconciler = fs.volume.reconciler
    await reconciler.stop()
    let late = Gate()
    reconciler.spawn("late") { try? await late.pass() }
    #expect(reconciler.jobCount == 0)
    late.open()
  }
}
