import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// Extended attributes that are too long for metadata lie in an object beside.
@Suite struct SideObjectTests {
  private static let long = TestVolume.pattern(5_000)

  private static func weight(_ metadata: [String: String]) -> Int {
    metadata.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 11 }
  }

  private static func makeFile(_ fs: TestVolume) async throws {
    try await fs.write("x", to: "f")
    try await fs.set("user.long", of: "f", to: long)
    try await fs.drain()
  }

  @Test func theyTravelInAnObjectBeside() async throws {
    let fs = try TestVolume()
    try await Self.makeFile(fs)
    let metadata = try await fs.metadata("ns/f")
    #expect(metadata["xattr"] == nil)
    #expect(try await fs.sides() == ["ns/.mediafs/xattr/\(metadata["mediafs-xattr"] ?? "")"])
    #expect(Self.weight(metadata) <= 2_048)
    let other = try fs.sibling()
    #expect(try await other.get("user.long", of: "f") == Self.long)
    #expect(try await other.names() == ["f"])
  }

  @Test func metadataIsUsedToItsLimitAndNotBeyond() async throws {
    let fs = try TestVolume()
    try await fs.write("x", to: "f")
    for size in stride(from: 1_150, to: 1_400, by: 10) {
      try await fs.set("user.a", of: "f", to: [UInt8](repeating: 7, count: size))
      try await fs.drain()
      let metadata = try await fs.metadata("ns/f")
      #expect(Self.weight(metadata) <= 2_048)
      #expect((metadata["xattr"] == nil) == (metadata["mediafs-xattr"] != nil))
    }
    #expect(try await fs.metadata("ns/f")["xattr"] == nil)
    try await fs.set("user.a", of: "f", to: [UInt8](repeating: 7, count: 1_150))
    try await fs.drain()
    #expect(try await fs.metadata("ns/f")["xattr"] != nil)
    #expect(try await fs.sides().isEmpty)
  }

  @Test func itStaysThroughChangesOfOtherThings() async throws {
    let fs = try TestVolume()
    try await Self.makeFile(fs)
    let sides = try await fs.sides()
    fs.store.forgetCalls()
    try await fs.changeMode(of: "f", to: 0o600)
    try await fs.drain()
    #expect(fs.store.calls(.put).isEmpty)
    // Not what is between the truncation and the write.
    fs.volume.setPaused(true)
    try await fs.write("other bytes", to: "f")
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(fs.store.calls(.put).map(\.key.text) == ["ns/f"])
    #expect(try await fs.sides() == sides)
    #expect(try await fs.sibling().get("user.long", of: "f") == Self.long)
  }

  @Test func aNewStateReplacesIt() async throws {
    let fs = try TestVolume()
    try await Self.makeFile(fs)
    let before = try await fs.sides()
    try await fs.set("user.more", of: "f", to: Self.long)
    try await fs.drain()
    let after = try await fs.sides()
    #expect(after.count == 1 && after != before)
    #expect(try await fs.sibling().list("f") == ["user.long", "user.more"])
    try await fs.remove("user.more", of: "f")
    try await fs.remove("user.long", of: "f")
    try await fs.drain()
    #expect(try await fs.sides().isEmpty)
    #expect(try await fs.sibling().list("f").isEmpty)
  }

  @Test func itGoesWithTheFile() async throws {
    let fs = try TestVolume()
    try await Self.makeFile(fs)
    try await fs.unlink("f")
    try await fs.drain()
    #expect(try await fs.texts().isEmpty)
  }

  @Test func itGoesWithAFileThatIsReplaced() async throws {
    let fs = try TestVolume()
    try await Self.makeFile(fs)
    try await fs.write("y", to: "g")
    try await fs.rename("g", to: "f")
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "y"])
  }

  @Test func anotherHostChangesAndDeletesIt() async throws {
    let fs = try TestVolume()
    try await Self.makeFile(fs)
    let other = try fs.sibling()
    try await other.set("user.long", of: "f", to: [1] + Self.long)
    try await other.drain()
    #expect(try await fs.sides().count == 1)
    let third = try fs.sibling()
    #expect(try await third.get("user.long", of: "f") == [1] + Self.long)
    try await third.unlink("f")
    try await third.drain()
    #expect(try await fs.texts().isEmpty)
  }

  @Test func aDirectoryMayNeedOne() async throws {
    let fs = try TestVolume()
    try await fs.makeDirectory("d")
    try await fs.set("user.long", of: "d", to: Self.long)
    try await fs.drain()
    #expect(try await fs.sibling().get("user.long", of: "d") == Self.long)
    try await fs.removeDirectory("d")
    try await fs.drain()
    #expect(try await fs.texts().isEmpty)
  }

  @Test(arguments: [StoreOperation.put, .copy])
  func aLostAnswerIsNoMatter(operation: StoreOperation) async throws {
    let fs = try TestVolume()
    try await Self.makeFile(fs)
    try await fs.set("user.more", of: "f", to: [1])
    fs.store.inject(.loseAnswer(.connectionLost), on: operation)
    try await fs.drain()
    #expect(try await fs.sides().count == 1)
    #expect(try await fs.sibling().list("f") == ["user.long", "user.more"])
  }

  @Test(arguments: [StoreOperation.put, .copy])
  func aCrashBetweenItsStepsIsNoMatter(operation: StoreOperation) async throws {
    let fs = try TestVolume()
    try await Self.makeFile(fs)
    let gate = Gate()
    fs.store.inject(.holdAnswer(gate), on: operation)
    try await fs.set("user.more", of: "f", to: [1])
    await gate.reached()
    let stopping = fs.volume
    async let crashed: Void = stopping.reconciler.stop()
    gate.open()
    await crashed
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.sides().count == 1)
    #expect(try await fs.sibling().list("f") == ["user.long", "user.more"])
  }

  @Test func aMissingOneLosesTheAttributesAndNotTheFile() async throws {
    let fs = try TestVolume()
    try await Self.makeFile(fs)
    for side in try await fs.sides() { try await fs.store.delete(ObjectKey(side)) }
    let other = try fs.sibling()
    #expect(try await other.list("f").isEmpty)
    #expect(try await other.read("f") == Array("x".utf8))
  }

  @Test func aForeignNameLeadsNowhere() async throws {
    let fs = try TestVolume()
    _ = try await fs.store.put(
      ObjectKey("ns/.mediafs/xattr/big"), BytesSource([UInt8](repeating: 1, count: 5 << 20)),
      headers: ObjectHeaders(), condition: .none)
    for (name, side) in [("a", "../../secret"), ("b", "big"), ("c", "none")] {
      _ = try await fs.store.put(
        ObjectKey("ns/\(name)"), BytesSource([1]),
        headers: ObjectHeaders(metadata: ["mediafs-xattr": side]), condition: .none)
    }
    for name in ["a", "b", "c"] { #expect(try await fs.list(name).isEmpty, "\(name)") }
  }
}
