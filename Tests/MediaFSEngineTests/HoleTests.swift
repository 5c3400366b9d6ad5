import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// Zeros that no disk has to hold: they take no room in the cache.
@Suite struct HoleTests {
  private static let block = FileLifecycle.diskBlock
  private static let mebibyte: Int64 = 1 << 20
  private static let tebibyte: Int64 = 1 << 40

  /// A volume with room for 4 MiB, which uploads nothing by itself.
  private func small() throws -> TestVolume {
    try TestVolume {
      $0.cacheSize = 4 * Self.mebibyte
      $0.uploadEnabled = false
    }
  }

  private func used(_ fs: TestVolume) throws -> Int64 {
    let used = fs.volume.context.space.account.used
    for content in fs.volume.context.registry.all {
      try content.settle(fs.volume.context.catalog, now: fs.volume.context.environment.now())
    }
    #expect(try fs.volume.context.catalog.usage() == used)
    return used
  }

  private func truncate(_ fs: TestVolume, _ path: String, to size: Int64) async throws {
    _ = try await fs.volume.setAttributes(
      of: fs.inode(path), AttributeChanges(size: size), handle: nil)
  }

  private func errno(_ body: () async throws -> Void) async -> Errno? {
    (await #expect(throws: FileSystemError.self) { try await body() })?.errno
  }

  @Test func aFileGrowsBeyondTheCacheByHoles() async throws {
    let fs = try small()
    try await fs.write("start", to: "f")
    let handle = try await fs.open("f", [.read, .write])
    try await truncate(fs, "f", to: Self.tebibyte)
    try fs.write([1, 2, 3], at: 2 * Self.tebibyte, to: handle)
    try fs.write([4], at: Self.tebibyte / 2, to: handle)
    let attributes = try await fs.attributes("f")
    #expect(attributes.size == 2 * Self.tebibyte + 3)
    #expect(attributes.blocks * 512 <= 3 * Self.block)
    #expect(try used(fs) <= 3 * Self.block)
    #expect(
      try await fs.volume.read(handle, at: Self.tebibyte / 2 - 2, count: 4) == [0, 0, 4, 0])
    try await fs.crash()
    #expect(try await fs.attributes("f").blocks * 512 <= 3 * Self.block)
    #expect(try used(fs) <= 3 * Self.block)
    try await truncate(fs, "f", to: 5)
    #expect(try await fs.read("f") == Array("start".utf8))
    #expect(try used(fs) == 5)
  }

  /// Nothing was settled: the disk is asked for the holes.
  @Test func theAccountIsRightAfterACrash() async throws {
    let fs = try small()
    try await fs.write("f", [])
    let handle = try await fs.open("f", [.read, .write])
    let mebibyte = [UInt8](repeating: 7, count: Int(Self.mebibyte))
    for island: Int64 in [0, 100, 200] {
      try fs.write(mebibyte, at: island * Self.mebibyte, to: handle)
    }
    try fs.volume.allocate(handle, 0..<Self.mebibyte / 2, .punchHole)
    let held = Self.mebibyte * 5 / 2
    #expect(fs.volume.context.space.account.used == held)
    try await fs.crash()
    #expect(try used(fs) == held)
    #expect(try await fs.attributes("f").blocks * 512 == held)
    let again = try await fs.open("f", [.read, .write])
    try fs.write(Array(mebibyte[..<(1 << 19)]), at: 0, to: again)
    #expect(try used(fs) == 3 * Self.mebibyte)
    fs.volume.release(again)
    try await fs.crash()
    #expect(try used(fs) == 3 * Self.mebibyte)
    try await fs.unlink("f")
    #expect(try used(fs) == 0)
  }

  @Test func whatFillsHolesTakesRoom() async throws {
    let fs = try small()
    try await fs.write("f", [])
    let handle = try await fs.open("f", [.read, .write])
    try await truncate(fs, "f", to: 64 * Self.mebibyte)
    #expect(try used(fs) == 0)
    let mebibyte = [UInt8](repeating: 7, count: Int(Self.mebibyte))
    for index: Int64 in 0..<4 { try fs.write(mebibyte, at: index * 9 * Self.mebibyte, to: handle) }
    #expect(await errno { try fs.write([1], at: 50 * Self.mebibyte, to: handle) } == .noSpace)
    let all = 0..<64 * Self.mebibyte
    #expect(
      await errno { try fs.volume.allocate(handle, all, .reserve(keepingSize: true)) } == .noSpace)
    try fs.volume.allocate(handle, 0..<2 * Self.mebibyte, .punchHole)
    #expect(try used(fs) == 3 * Self.mebibyte)
    let hole = 20 * Self.mebibyte..<21 * Self.mebibyte
    try fs.volume.allocate(handle, hole, .reserve(keepingSize: true))
    #expect(try used(fs) == 4 * Self.mebibyte)
    fs.volume.release(handle)
    try await fs.crash()
    #expect(try used(fs) == 4 * Self.mebibyte)
    #expect(try await fs.attributes("f").blocks * 512 == 4 * Self.mebibyte)
  }

  @Test func aSparseFileIsUploadedWithZerosAndEvicted() async throws {
    let fs = try TestVolume { $0.cacheSize = 40 * Self.mebibyte }
    fs.volume.setPaused(true)
    try await fs.write("island", to: "f")
    try await truncate(fs, "f", to: 50 * Self.mebibyte)
    #expect(try used(fs) <= Self.block)
    fs.volume.setPaused(false)
    try await fs.drain()
    let expected = Array("island".utf8) + [UInt8](repeating: 0, count: 50 << 20 - 6)
    #expect(try await fs.objects()["ns/f"] == expected)
    #expect(try used(fs) <= Self.block)
    #expect(try await fs.attributes("f").blocks * 512 <= Self.block)
    // Holes free nothing when they are evicted, and must not keep others from being it.
    for name in ["g", "h", "i", "j", "k"] {
      try await fs.write(name, TestVolume.pattern(12 << 20))
      try await fs.drain()
    }
    #expect(try used(fs) <= 40 * Self.mebibyte)
    #expect(try await fs.read("f") == expected)
    #expect(try used(fs) <= 40 * Self.mebibyte)
  }

  @Test func aCopyOfHolesIsHoles() async throws {
    let fs = try small()
    try await fs.write("start", to: "f")
    try await truncate(fs, "f", to: 100 * Self.mebibyte)
    try await fs.write("g", [])
    let (from, to) = (try await fs.open("f", [.read]), try await fs.open("g", [.read, .write]))
    let count = try await fs.volume.copyRange(from: from, at: 0, to: to, at: 0, count: .max)
    #expect(count == 100 * Self.mebibyte)
    #expect(try await fs.volume.read(to, at: 0, count: 8) == Array("start\0\0\0".utf8))
    #expect(try used(fs) <= 2 * Self.block)
    fs.volume.release(from)
    fs.volume.release(to)
    try await fs.crash()
    #expect(try used(fs) <= 2 * Self.block)
  }

  @Test func anotherVersionAtTheStoreTakesTheHolesAlong() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    try await fs.write("start", to: "f")
    try await truncate(fs, "f", to: 10 * Self.mebibyte)
    try await fs.drain()
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource(Array("other".utf8)), headers: ObjectHeaders(),
      condition: .none)
    #expect(try await fs.read("f") == Array("other".utf8))
    #expect(try await fs.attributes("f").blocks == 1)
    #expect(try used(fs) == 5)
  }

  /// Room is not asked for where the store has none anyway.
  @Test func whatNoStoreTakesIsTooLargeAndNotTooMuch() async throws {
    let fs = try small()
    try await fs.write("start", to: "f")
    let handle = try await fs.open("f", [.read, .write])
    let bytes = [UInt8](repeating: 7, count: 5 << 20)
    let limit = fs.store.limits.objectSize
    #expect(await errno { try fs.write(bytes, at: limit - 1, to: handle) } == .fileTooLarge)
    #expect(await errno { try await truncate(fs, "f", to: limit + 1) } == .fileTooLarge)
    for allocation: Allocation in [.reserve(keepingSize: false), .zero(keepingSize: false)] {
      #expect(
        await errno { try fs.volume.allocate(handle, 0..<limit + 1, allocation) } == .fileTooLarge)
    }
    #expect(try used(fs) == 5)
  }
}
