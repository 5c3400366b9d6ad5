import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// An upload in parts that is resumed has the attributes of its beginning.
@Suite struct ResumedUploadTests {
  @Test func attributesThatChangedMeanwhileFollow() async throws {
    let fs = try TestVolume { $0.uploadPartSize = 8 << 20 }
    let bytes = TestVolume.pattern(40 << 20)
    let long = TestVolume.pattern(4_000)
    fs.volume.setPaused(true)
    try await fs.write("f", bytes)
    try await fs.set("user.long", of: "f", to: long)
    fs.volume.setPaused(false)
    let gate = Gate()
    let lost = ObjectStoreError(.unavailable, code: "Lost", message: "The request was lost")
    fs.store.inject(.holdThenFail(gate, lost), on: .completeUpload)
    await gate.reached()
    let stopping = fs.volume
    async let crashed: Void = stopping.reconciler.stop()
    gate.open()
    await crashed
    fs.options.uploadEnabled = false
    try await fs.crash()
    try await fs.changeMode(of: "f", to: 0o600)
    try await fs.set("user.long", of: "f", to: long + [1])
    fs.store.forgetCalls()
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(fs.store.calls(.uploadPart).isEmpty)
    let other = try fs.sibling()
    #expect(try await other.attributes("f").permissions == 0o600)
    #expect(try await other.get("user.long", of: "f") == long + [1])
    #expect(try await other.read("f") == bytes)
    #expect(try await fs.sides().count == 1)
  }
}
