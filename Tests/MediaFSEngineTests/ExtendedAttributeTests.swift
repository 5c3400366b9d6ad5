import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

@Suite struct ExtendedAttributeTests {
  @Test func theyTravelWithTheObject() async throws {
    let fs = try TestVolume()
    try await fs.write("x", to: "f")
    try await fs.drain()
    fs.store.forgetCalls()
    try await fs.set("user.a", of: "f", to: Array("test".utf8))
    try await fs.set("trusted.b", of: "f", to: [])
    try await fs.set("security.c", of: "f", to: [0, 255])
    try await fs.drain()
    #expect(fs.puts().isEmpty)
    #expect(
      try await fs.metadata("ns/f")["xattr"]
        == #"{"security.c":"AP8=","trusted.b":"","user.a":"dGVzdA=="}"#)
    let other = try fs.sibling()
    #expect(try await other.list("f") == ["security.c", "trusted.b", "user.a"])
    #expect(try await other.get("user.a", of: "f") == Array("test".utf8))
    #expect(try await other.get("trusted.b", of: "f") == [])
    #expect(try await other.read("f") == Array("x".utf8))
  }

  @Test func changesInTheDelayCostOneCopyAndNoUpload() async throws {
    let fs = try TestVolume { $0.uploadDelay = .seconds(3_600) }
    try await fs.write("x", to: "f")
    try await fs.drain()
    fs.store.forgetCalls()
    for round in UInt8(0)..<10 { try await fs.set("user.a", of: "f", to: [round]) }
    try await fs.changeMode(of: "f", to: 0o600)
    try await fs.drain()
    #expect(fs.store.calls(.copy).map(\.key.text) == ["ns/f"])
    #expect(fs.puts().isEmpty && fs.store.calls(.get).isEmpty)
    #expect(try await fs.sibling().get("user.a", of: "f") == [9])
  }

  @Test func directoriesAndSymbolicLinksHaveThemToo() async throws {
    let fs = try TestVolume()
    try await fs.makeDirectory("d")
    try await fs.write("x", to: "d/x")
    _ = try await fs.volume.makeSymbolicLink(
      TestVolume.name("l"), in: .root, target: "to", caller: TestVolume.root)
    try await fs.drain()
    for path in ["d", "l"] { try await fs.set("trusted.a", of: path, to: [1]) }
    try await fs.drain()
    let other = try fs.sibling()
    for path in ["d", "l"] { #expect(try await other.get("trusted.a", of: path) == [1], "\(path)") }
    #expect(try await other.volume.readSymbolicLink(other.inode("l")) == "to")
  }

  @Test func theyTravelWithRenames() async throws {
    let fs = try TestVolume()
    try await fs.write("x", to: "f")
    try await fs.set("user.a", of: "f", to: [1])
    try await fs.set("user.long", of: "f", to: TestVolume.pattern(10_000))
    try await fs.drain()
    try await fs.rename("f", to: "g")
    try await fs.drain()
    let other = try fs.sibling()
    #expect(try await other.get("user.a", of: "g") == [1])
    #expect(try await other.get("user.long", of: "g") == TestVolume.pattern(10_000))
    #expect(try await fs.sides().count == 1)
  }

  @Test func whatAnotherToolHasWrittenIsRead() async throws {
    let fs = try TestVolume()
    let text = #"{"user.mediafs.state":"AA==","user.a":"AQI=","other":"AA=="}"#
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource([1]), headers: ObjectHeaders(metadata: ["xattr": text]),
      condition: .none)
    #expect(try await fs.list("f") == ["user.a"])
    #expect(try await fs.get("user.a", of: "f") == [1, 2])
    #expect(try await fs.get("user.mediafs.state", of: "f") == Array("remote".utf8))
  }

  @Test func aNewVersionAtTheStoreBringsItsOwn() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    try await fs.write("x", to: "f")
    try await fs.set("user.a", of: "f", to: [1])
    try await fs.drain()
    #expect(try await fs.list("f") == ["user.a"])
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource([1, 2]),
      headers: ObjectHeaders(metadata: ["xattr": #"{"user.b":"Ag=="}"#]), condition: .none)
    #expect(try await fs.attributes("f").size == 2)
    #expect(try await fs.list("f") == ["user.b"])
    #expect(try await fs.get("user.b", of: "f") == [2])
    await expectError(.noData) { _ = try await fs.get("user.a", of: "f") }
  }

  @Test func theViewIsReadAndNothingElse() async throws {
    let fs = try TestVolume()
    try await fs.write("x", to: "f")
    await expectError(.notPermitted) { try await fs.set("user.mediafs.state", of: "f", to: [1]) }
    await expectError(.notPermitted) { try await fs.remove("user.mediafs.state", of: "f") }
    await expectError(.noData) { _ = try await fs.get("user.mediafs.nothing", of: "f") }
    #expect(try await fs.list("f").isEmpty)
    #expect(try await fs.get("user.mediafs.key", of: "f") == Array("ns/f".utf8))
  }

  @Test func errorsAreThoseOfTheManual() async throws {
    let fs = try TestVolume()
    try await fs.write("x", to: "f")
    await expectError(.noData) { _ = try await fs.get("user.a", of: "f") }
    await expectError(.noData) { _ = try await fs.get("security.capability", of: "f") }
    await expectError(.noData) { _ = try await fs.get("system.posix_acl_access", of: "f") }
    await expectError(.noData) { try await fs.remove("user.a", of: "f") }
    await expectError(.noData) { try await fs.set("user.a", of: "f", to: [1], .replace) }
    try await fs.set("user.a", of: "f", to: [1], .create)
    await expectError(.fileExists) { try await fs.set("user.a", of: "f", to: [1], .create) }
    for name in ["system.other", "nothing", "btrfs.compression"] {
      await expectError(.notSupported) { try await fs.set(name, of: "f", to: [1]) }
    }
    for name in ["user.", "trusted."] {
      await expectError(.invalidArgument) { try await fs.set(name, of: "f", to: [1]) }
    }
    let longest = [UInt8](repeating: 1, count: 65_536)
    await expectError(.argListTooLong) { try await fs.set("user.b", of: "f", to: longest + [1]) }
    let name = "user." + String(repeating: "n", count: 251)
    await expectError(.outOfRange) { try await fs.set(name, of: "f", to: []) }
    try await fs.set(String(name.dropLast()), of: "f", to: longest)
    #expect(try await fs.get(String(name.dropLast()), of: "f") == longest)
    await expectError(.staleNFSFileHandle) {
      try await fs.volume.setExtendedAttribute(
        "user.a", of: InodeNumber(999), to: [], .createOrReplace)
    }
  }

  @Test func aReadOnlyMountKeepsThem() async throws {
    let fs = try TestVolume { $0.readOnly = true }
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource([1]),
      headers: ObjectHeaders(metadata: ["xattr": #"{"user.b":"Ag=="}"#]), condition: .none)
    #expect(try await fs.get("user.b", of: "f") == [2])
    await expectError(.readOnlyFileSystem) { try await fs.set("user.a", of: "f", to: [1]) }
    await expectError(.readOnlyFileSystem) { try await fs.remove("user.b", of: "f") }
  }

  @Test func theySurviveTheDeathOfTheDaemon() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.write("x", to: "f")
    try await fs.set("user.a", of: "f", to: [1])
    fs.options.uploadEnabled = true
    try await fs.crash()
    #expect(try await fs.get("user.a", of: "f") == [1])
    try await fs.drain()
    #expect(try await fs.sibling().get("user.a", of: "f") == [1])
  }

  @Test func namesAreReadOnceUntilTheyChange() async throws {
    let names = AttributeNames()
    let (inode, name) = (InodeNumber(7), AttributeName.capability)
    var reads = 0
    func ask(_ answer: [AttributeName]) async throws -> [AttributeName] {
      try await names.names(of: inode) { () async throws(FileSystemError) -> [AttributeName] in
        reads += 1
        return answer
      }
    }
    #expect(try await ask([]) == [])
    #expect(try await ask([name]) == [])
    #expect(reads == 1)
    names.forget(inode)
    #expect(try await ask([name]) == [name])
    // What changed while it was read is not remembered as it was.
    names.forget(inode)
    _ = try await names.names(of: inode) { () async throws(FileSystemError) -> [AttributeName] in
      names.forget(inode)
      return []
    }
    #expect(try await ask([name]) == [name])
  }
}
