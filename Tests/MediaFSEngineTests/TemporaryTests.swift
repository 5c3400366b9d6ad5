import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// Files without names, and the times at which others were read.
@Suite struct TemporaryTests {
  private func makeTemporary(_ fs: TestVolume) async throws -> (Entry, FileHandle) {
    let (entry, open) = try await fs.volume.createTemporary(
      in: .root, permissions: 0o666, caller: Caller(owner: Owner(user: 1, group: 2), umask: 0o22),
      [.read, .write])
    return (entry, open.handle)
  }

  @Test func aFileWithoutNameGoesWithItsLastHandle() async throws {
    let fs = try TestVolume()
    let (entry, handle) = try await makeTemporary(fs)
    #expect(entry.attributes.linkCount == 0)
    #expect(entry.attributes.permissions == 0o644)
    try fs.write(Array("scratch".utf8), at: 0, to: handle)
    try await fs.volume.synchronize(handle, dataOnly: false)
    #expect(try await fs.volume.read(handle, at: 0, count: 10) == Array("scratch".utf8))
    let inode = entry.attributes.inode
    #expect(try await fs.volume.attributes(of: inode, handle: handle).attributes.size == 7)
    #expect(try await fs.names().isEmpty)
    fs.volume.release(handle)
    #expect(try fs.volume.context.catalog.inode(inode) == nil)
    #expect(fs.volume.context.space.account.used == 0)
    try await fs.drain()
    #expect(try await fs.objects().isEmpty)
  }

  @Test func aCrashErasesIt() async throws {
    let fs = try TestVolume()
    let (entry, handle) = try await makeTemporary(fs)
    try fs.write(Array("scratch".utf8), at: 0, to: handle)
    try await fs.crash()
    #expect(try fs.volume.context.catalog.inode(entry.attributes.inode) == nil)
    #expect(try fs.volume.context.catalog.usage() == 0)
    try await fs.drain()
    #expect(try await fs.objects().isEmpty)
  }

  @Test func theFirstReadAfterAChangeIsNoted() async throws {
    let fs = try TestVolume()
    try await fs.write("x", to: "f")
    try await fs.drain()
    let written = try await fs.attributes("f")
    #expect(written.accessed <= written.modified)
    _ = try await fs.read("f")
    let read = try await fs.attributes("f")
    #expect(read.accessed > written.modified)
    #expect(read.changed == written.changed)
    _ = try await fs.read("f")
    #expect(try await fs.attributes("f").accessed == read.accessed)
    #expect(try fs.volume.pending(beneath: nil).files == 0)
    let handle = try await fs.open("f", [.read, .write])
    _ = try await fs.volume.read(handle, at: 0, count: 1)
    try fs.write([1], at: 0, to: handle)
    _ = try await fs.volume.read(handle, at: 0, count: 1)
    #expect(try await fs.attributes("f").accessed > read.accessed)
    fs.volume.release(handle)
  }

  @Test func readingALinkAndADirectoryIsNotedToo() async throws {
    let fs = try TestVolume()
    let link = try await fs.volume.makeSymbolicLink(
      TestVolume.name("l"), in: .root, target: "t",
      caller: Caller(owner: Owner(user: 0, group: 0)))
    _ = try await fs.volume.readSymbolicLink(link.attributes.inode)
    #expect(try await fs.attributes("l").accessed > link.attributes.accessed)
    try await fs.makeDirectory("d")
    let made = try await fs.attributes("d")
    #expect(try await fs.names("d").isEmpty)
    #expect(try await fs.attributes("d").accessed > made.accessed)
  }

  @Test func readsLeaveNoTraceWhereTheyAreToldNotTo() async throws {
    let fs = try TestVolume { $0.accessTimes = AccessTimePolicy(mountOptions: ["noatime"]) }
    try await fs.write("x", to: "f")
    let written = try await fs.attributes("f")
    _ = try await fs.read("f")
    #expect(try await fs.attributes("f").accessed == written.accessed)
    let other = try TestVolume()
    try await other.write("x", to: "f")
    let before = try await other.attributes("f")
    let handle = try await other.open("f", [.read, .noAccessTime])
    _ = try await other.volume.read(handle, at: 0, count: 1)
    other.volume.release(handle)
    #expect(try await other.attributes("f").accessed == before.accessed)
  }
}
