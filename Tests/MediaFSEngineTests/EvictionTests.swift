import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Synchronization
import Testing

/// Nothing is dropped here that is nowhere else.
@Suite struct EvictionTests {
  private func evict(_ path: String, of fs: TestVolume) async throws -> Int64? {
    let context = fs.volume.context
    let content = try await context.registry.acquire(fs.inode(path), asHandle: false)
    defer { _ = context.registry.release(content, asHandle: false) }
    let segment = Segment(content: content.number, index: 0)
    let dropped = try content.evict(
      segment, context.catalog, now: context.environment.now())
    guard let dropped else { return nil }
    try content.punch(dropped.runs)
    return dropped.freed
  }

  /// The look that found the segment was before.
  @Test func aFileThatLostItsObjectSinceItWasChosenStays() async throws {
    let fs = try TestVolume()
    try await fs.write("bytes", to: "f")
    try await fs.drain()
    let context = fs.volume.context
    #expect(try context.catalog.evictable(limit: 9).count == 1)
    fs.volume.setPaused(true)
    try await fs.store.delete(ObjectKey("ns/f"))
    let number = try await fs.inode("f")
    #expect(
      try context.catalog.forgetObject(
        at: ObjectKey("ns/f"), of: number, at: context.environment.now()))
    #expect(try await evict("f", of: fs) == nil)
    #expect(try await fs.read("f") == Array("bytes".utf8))
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "bytes"])
  }

  @Test func whatIsMissingIsNotTakenForPresent() async throws {
    let fs = try TestVolume()
    try await fs.write("bytes", to: "f")
    try await fs.drain()
    #expect(try await evict("f", of: fs) == 5)
    let context = fs.volume.context
    let content = try await context.registry.acquire(fs.inode("f"), asHandle: false)
    defer { _ = context.registry.release(content, asHandle: false) }
    #expect(throws: FileSystemError.self) { try content.detach(context.catalog, context.disk) }
    #expect(try await fs.read("f") == Array("bytes".utf8))
  }

  /// A row says so: without one it would never be evicted, and count for ever.
  @Test func whatSomebodyWaitsForStaysAndCanBeEvictedLater() async throws {
    let fs = try TestVolume()
    try await fs.write("f", TestVolume.pattern(100_000))
    try await fs.drain()
    let context = fs.volume.context
    let content = try await context.registry.acquire(fs.inode("f"), asHandle: false)
    defer { _ = context.registry.release(content, asHandle: false) }
    let waited: Range<Int64> = 4_096..<8_192
    content.state.withLock { $0.waiters.append((0, waited, Deferred())) }
    #expect(try await evict("f", of: fs) != nil)
    #expect(try context.catalog.extents(of: content.number) == ByteRangeSet(waited))
    content.state.withLock { $0.waiters = [] }
    #expect(try await evict("f", of: fs) == 4_096)
    #expect(try context.catalog.extents(of: content.number).isEmpty)
  }
}
