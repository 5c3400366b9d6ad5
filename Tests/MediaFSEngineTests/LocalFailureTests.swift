import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import PosixIO
import SystemPackage
import Testing

/// What fails on this machine is not the store's fault.
@Suite struct LocalFailureTests {
  @Test func aContentFileThatCannotBeOpenedDoesNotMeanThatTheStoreIsAway() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.write("bytes", to: "f")
    let context = fs.volume.context
    let number = try await fs.inode("f")
    let record = try #require(try context.catalog.inode(number))
    try context.disk.remove(record.content)
    let bucket = String(record.content.value & 255, radix: 16)
    let place = fs.directory.appending("content").appending(
      bucket.utf8.count == 1 ? "0" + bucket : bucket)
    try FileTree.makeDirectories(
      place.appending(String(record.content.value)), permissions: .ownerReadWriteExecute)
    fs.volume.setPaused(false)
    while try context.catalog.item(of: number)?.attempts == 0 { await Task.yield() }
    #expect(context.health.offline == nil)
  }

  @Test(arguments: ["Catalog", "Local", "CacheFull", "CacheDisk"])
  func localFailuresAreKnownByTheirCode(code: String) async throws {
    let health = try TestVolume().volume.context.health
    health.failed(ObjectStoreError(.unavailable, code: code, message: "here"))
    #expect(health.offline == nil)
    health.failed(.connectionLost)
    #expect(health.offline != nil)
  }

  /// A file that was open and not flushed when the daemon died, and a disk that does not let it be
  /// settled at the start: it has its size all the same.
  @Test func whatCannotBeSettledAtTheStartIsLater() async throws {
    let faults = UnreadableDisk.Faults()
    let fs = try TestVolume(faults: faults) { $0.uploadEnabled = false }
    try await fs.write("f", [])
    let bytes = TestVolume.pattern(300 << 10)
    let handle = try await fs.open("f", [.write])
    try fs.write(bytes, at: 0, to: handle)
    faults.fail(1)
    try await fs.crash()
    #expect(try fs.volume.context.catalog.unsettled().map(\.size) == [0])
    let reply = try await fs.volume.attributes(of: fs.inode("f"), handle: nil)
    #expect(reply.attributes.size == 300 << 10)
    #expect(try fs.volume.context.catalog.unsettled().isEmpty)
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/f": bytes])
  }

  /// A sector that has gone bad, beneath bytes that the store has too.
  @Test func whatTheDiskCannotReadIsFetchedAgain() async throws {
    let faults = UnreadableDisk.Faults()
    let fs = try TestVolume(faults: faults)
    let bytes = TestVolume.pattern(300 << 10)
    try await fs.write("f", bytes)
    try await fs.drain()
    fs.store.forgetCalls()
    #expect(try await fs.read("f") == bytes)
    #expect(fs.store.calls(.get).isEmpty)
    faults.fail(1)
    #expect(try await fs.read("f") == bytes)
    #expect(!fs.store.calls(.get).isEmpty)
    #expect(fs.volume.context.space.account.used == Int64(bytes.count))
    try await fs.crash()
    #expect(try await fs.read("f") == bytes)
  }

  /// Every access takes ten minutes by the volume's clock: nothing is given up, neither the disk
  /// nor what lies there.
  @Test func aSlowDiskIsNoBadOne() async throws {
    let clock = ManualClock()
    let faults = UnreadableDisk.Faults { clock.advance(by: .seconds(600)) }
    let fs = try TestVolume(clock: clock, faults: faults)
    var bytes = TestVolume.pattern(3 << 20)
    try await fs.write("f", bytes)
    #expect(try await fs.read("f") == bytes)
    let handle = try await fs.open("f", [.write])
    try fs.write([1, 2, 3], at: 1 << 20, to: handle)
    try await fs.volume.synchronize(handle, dataOnly: false)
    fs.volume.release(handle)
    bytes.replaceSubrange((1 << 20)..<(1 << 20) + 3, with: [1, 2, 3])
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/f": bytes])
    fs.store.forgetCalls()
    #expect(try await fs.read("f") == bytes)
    #expect(fs.store.calls(.get).isEmpty)
    #expect(fs.volume.context.space.account.used == Int64(bytes.count))
    #expect(fs.volume.context.health.offline == nil)
    #expect(try Inspector(context: fs.volume.context).violations().isEmpty)
  }

  @Test func whatTheDiskCannotReadAndNobodyElseHasIsAnErrorAndStays() async throws {
    let faults = UnreadableDisk.Faults()
    let fs = try TestVolume(faults: faults) { $0.uploadEnabled = false }
    try await fs.write("only here", to: "f")
    faults.fail(1)
    await #expect { try await fs.read("f") } throws: {
      ($0 as? FileSystemError)?.errno == .ioError
    }
    // The next attempt may succeed, and nothing was given up.
    #expect(try await fs.read("f") == Array("only here".utf8))
  }
}
