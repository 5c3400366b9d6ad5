import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// Special files, and what a new inode inherits.
@Suite struct NodeTests {
  private static let defaults = AccessControlList([
    .init(.owner, 7), .init(.user(5), 7), .init(.owningGroup, 5), .init(.mask, 7),
    .init(.others, 0),
  ])

  @Test func specialFilesTravelAsObjectsWithoutBytes() async throws {
    let fs = try TestVolume()
    try await fs.makeNode("fifo", .fifo)
    try await fs.makeNode("socket", .socket)
    try await fs.makeNode("block", .blockDevice, device: 0xFED0_0812)
    try await fs.makeNode("char", .characterDevice, device: 0x103)
    try await fs.makeNode("file", .regular, device: 77)
    try await fs.drain()
    let names = ["block", "char", "fifo", "file", "socket"]
    #expect(
      try await fs.texts() == Dictionary(uniqueKeysWithValues: names.map { ("ns/\($0)", "") }))
    #expect(try await fs.metadata("ns/block")["rdev"] == "fed00812")
    #expect(try await fs.metadata("ns/file")["rdev"] == nil)
    let other = try fs.sibling()
    let kinds: [FileKind] = [.blockDevice, .characterDevice, .fifo, .regular, .socket]
    for (name, kind) in zip(names, kinds) {
      let (made, found) = (try await fs.attributes(name), try await other.attributes(name))
      #expect(found.kind == kind && found.permissions == 0o640, "\(name)")
      #expect(found.device == made.device && found.owner == made.owner, "\(name)")
    }
    #expect(try await other.attributes("block").device == 0xFED0_0812)
    #expect(try await other.attributes("file").device == 0)
  }

  @Test func theyAreRenamedChangedAndDeleted() async throws {
    let fs = try TestVolume()
    try await fs.makeNode("a", .characterDevice, device: 0x103)
    try await fs.drain()
    try await fs.changeMode(of: "a", to: 0o600)
    try await fs.rename("a", to: "b")
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/b": ""])
    let other = try fs.sibling()
    #expect(try await other.attributes("b").mode == 0o20600)
    #expect(try await other.attributes("b").device == 0x103)
    try await other.unlink("b")
    try await other.drain()
    #expect(try await fs.texts().isEmpty)
  }

  @Test func mknodMakesNoDirectories() async throws {
    let fs = try TestVolume()
    await expectError(.notPermitted) { try await fs.makeNode("d", .directory) }
    await expectError(.notPermitted) { try await fs.makeNode("l", .symbolicLink) }
    try await fs.makeNode("f", .fifo)
    await expectError(.fileExists) { try await fs.makeNode("f", .fifo) }
  }

  @Test func aSetgidDirectoryGivesItsGroup() async throws {
    let fs = try TestVolume()
    try await fs.makeDirectory("d")
    _ = try await fs.volume.setAttributes(
      of: fs.inode("d"), AttributeChanges(permissions: 0o2775, group: 9), handle: nil)
    try await fs.makeDirectory("d/sub")
    try await fs.write("x", to: "d/file")
    try await fs.drain()
    for volume in [fs, try fs.sibling()] {
      #expect(try await volume.attributes("d/sub").owner.group == 9)
      #expect(try await volume.attributes("d/sub").permissions == 0o2755)
      #expect(try await volume.attributes("d/file").owner.group == 9)
      #expect(try await volume.attributes("d/file").permissions == 0o644)
    }
  }

  @Test func aDefaultListIsInheritedAndTravels() async throws {
    let fs = try TestVolume()
    let defaults = try #require(Self.defaults)
    try await fs.makeDirectory("d")
    try await fs.set("system.posix_acl_default", of: "d", to: defaults.encode())
    let parent = try await fs.inode("d")
    let caller = Caller(owner: Owner(user: 5, group: 6), umask: 0o077)
    let (_, open) = try await fs.volume.create(
      TestVolume.name("file"), in: parent, permissions: 0o666, caller: caller, [.write])
    fs.volume.release(open.handle)
    _ = try await fs.volume.makeDirectory(
      TestVolume.name("sub"), in: parent, permissions: 0o777, caller: caller)
    _ = try await fs.volume.makeNode(
      TestVolume.name("fifo"), in: parent, kind: .fifo, permissions: 0o600, device: 0,
      caller: caller)
    try await fs.drain()
    for volume in [fs, try fs.sibling()] {
      #expect(try await volume.attributes("d/file").permissions == 0o660)
      #expect(
        try await volume.get("system.posix_acl_access", of: "d/file")
          == defaults.inherited(requesting: 0o666).list?.encode())
      #expect(try await volume.attributes("d/sub").permissions == 0o770)
      #expect(try await volume.get("system.posix_acl_default", of: "d/sub") == defaults.encode())
      #expect(try await volume.attributes("d/fifo").permissions == 0o600)
      await expectError(.noData) {
        _ = try await volume.get("system.posix_acl_default", of: "d/file")
      }
    }
  }

  @Test func withoutAListTheUmaskCounts() async throws {
    let fs = try TestVolume()
    let caller = Caller(owner: Owner(user: 5, group: 6), umask: 0o027)
    let entry = try await fs.volume.makeDirectory(
      TestVolume.name("d"), in: .root, permissions: 0o777, caller: caller)
    #expect(entry.attributes.permissions == 0o750)
    let node = try await fs.volume.makeNode(
      TestVolume.name("n"), in: .root, kind: .fifo, permissions: 0o666, device: 0, caller: caller)
    #expect(node.attributes.permissions == 0o640)
  }

  @Test func aChmodAndAListAgreeOnEveryHost() async throws {
    let fs = try TestVolume()
    let list = try #require(Self.defaults)
    try await fs.write("x", to: "f")
    try await fs.set("system.posix_acl_access", of: "f", to: list.encode())
    #expect(try await fs.attributes("f").permissions == 0o770)
    try await fs.changeMode(of: "f", to: 0o640)
    try await fs.drain()
    let other = try fs.sibling()
    #expect(try await other.attributes("f").permissions == 0o640)
    #expect(
      try await other.get("system.posix_acl_access", of: "f") == list.following(0o640).encode())
  }

  @Test func whoOpensWithTruncationTakesPrivilegesAway() async throws {
    let fs = try TestVolume()
    try await fs.write("x", to: "f")
    let rows: [(mode: UInt32, flags: OpenFlags, left: UInt32)] = [
      (0o6777, [.write, .truncate, .clearsPrivileges], 0o777),
      (0o6767, [.write, .truncate, .clearsPrivileges], 0o2767),
      (0o6777, [.write, .truncate], 0o6777), (0o6777, [.write], 0o6777),
    ]
    for row in rows {
      try await fs.changeMode(of: "f", to: row.mode)
      fs.volume.release(try await fs.open("f", row.flags))
      #expect(try await fs.attributes("f").permissions == row.left, "\(row)")
    }
  }

  @Test func truncatingAnEmptyFileChangesItsTimes() async throws {
    let fs = try TestVolume()
    try await fs.makeNode("f", .regular)
    let past = Timestamp(seconds: 5)
    _ = try await fs.volume.setAttributes(
      of: fs.inode("f"), AttributeChanges(modified: .at(past)), handle: nil)
    let before = try await fs.attributes("f")
    fs.volume.release(try await fs.open("f", [.write, .truncate]))
    let after = try await fs.attributes("f")
    #expect(after.modified > past && after.changed > before.changed)
  }

  @Test func aTimeThatIsSetInTheFutureIsNotThatOfTheChange() async throws {
    let fs = try TestVolume()
    try await fs.write("x", to: "f")
    let handle = try await fs.open("f", [.read, .write])
    defer { fs.volume.release(handle) }
    let future = Timestamp(seconds: 5_000_000_000)
    _ = try await fs.volume.setAttributes(
      of: fs.inode("f"), AttributeChanges(modified: .at(future)), handle: nil)
    let attributes = try await fs.attributes("f")
    #expect(attributes.modified == future)
    #expect(attributes.changed < future)
    try fs.write([1], at: 0, to: handle)
    #expect(try await fs.attributes("f").modified < future)
  }
}
