import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// fallocate(2) and lseek(2) on files that are there, here, partly here, or nowhere else.
@Suite struct RangeTests {
  private static let size = 3 << 20

  /// A volume with a file of the store that nobody has read.
  private func remote(
    _ configure: (inout VolumeOptions) -> Void = { _ in }
  ) async throws -> (fs: TestVolume, bytes: [UInt8], handle: FileHandle) {
    let fs = try TestVolume(configure: configure)
    let bytes = TestVolume.pattern(Self.size)
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    return (fs, bytes, try await fs.open("f", [.read, .write]))
  }

  private func errno(_ body: () throws -> Void) -> Errno? {
    (#expect(throws: FileSystemError.self) { try body() })?.errno
  }

  @Test func aHoleInBytesThatAreNotHereIsMadeHere() async throws {
    let (fs, bytes, handle) = try await remote { $0.uploadEnabled = false }
    try fs.volume.allocate(handle, 1_000_001..<2_000_003, .punchHole)
    #expect(fs.store.calls(.get).isEmpty)
    #expect(
      try await fs.volume.read(handle, at: 1_000_001, count: 500) == .init(repeating: 0, count: 500)
    )
    var expected = bytes
    expected.replaceSubrange(1_000_001..<2_000_003, with: repeatElement(0, count: 1_000_002))
    #expect(try await fs.read("f") == expected)
    try await fs.crash()
    #expect(try await fs.read("f") == expected)
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.objects()["ns/f"] == expected)
  }

  @Test func zerosMayMakeAFileLonger() async throws {
    let (fs, bytes, handle) = try await remote()
    #expect(try await fs.read("f") == bytes)
    let end = Int64(Self.size)
    try fs.volume.allocate(handle, end - 10..<end + 10, .zero(keepingSize: true))
    #expect(try await fs.attributes("f").size == end)
    try fs.volume.allocate(handle, end - 5..<end + 10, .zero(keepingSize: false))
    try fs.volume.allocate(handle, end + 20..<end + 30, .punchHole)
    #expect(try await fs.attributes("f").size == end + 10)
    #expect(try await fs.read("f") == bytes.dropLast(10) + [UInt8](repeating: 0, count: 20))
    fs.volume.release(handle)
    try await fs.drain()
    #expect(
      try await fs.objects()["ns/f"] == bytes.dropLast(10) + [UInt8](repeating: 0, count: 20))
  }

  @Test func spaceIsSetAsideWithoutAChangeOfBytes() async throws {
    let (fs, bytes, handle) = try await remote()
    fs.volume.setPaused(true)
    let before = try await fs.attributes("f")
    try fs.volume.allocate(handle, 0..<5 << 20, .reserve(keepingSize: true))
    let after = try await fs.attributes("f")
    #expect(after.size == Int64(Self.size))
    // As fallocate of ext4 does, whatever comes of it.
    #expect(after.modified > before.modified && after.changed == after.modified)
    let record = try #require(try fs.volume.context.catalog.inode(after.inode))
    #expect(record.isAttributeDirty && !record.isContentDirty)
    fs.volume.setPaused(false)
    try fs.volume.allocate(handle, 100..<4 << 20, .reserve(keepingSize: false))
    let longer = bytes + [UInt8](repeating: 0, count: 1 << 20)
    #expect(try await fs.read("f") == longer)
    fs.volume.release(handle)
    try await fs.drain()
    #expect(try await fs.objects()["ns/f"] == longer)
  }

  @Test func whatTheCacheCannotHoldIsRefusedAtOnce() async throws {
    let (fs, _, handle) = try await remote {
      $0.cacheSize = 4 << 20
      $0.uploadEnabled = false
    }
    for allocation: Allocation in [.reserve(keepingSize: true), .reserve(keepingSize: false)] {
      #expect(errno { try fs.volume.allocate(handle, 0..<5 << 20, allocation) } == .noSpace)
    }
    #expect(try await fs.attributes("f").size == Int64(Self.size))
    #expect(fs.volume.context.space.account.used == 0)
    let limit = fs.volume.context.store.limits.objectSize
    #expect(
      errno { try fs.volume.allocate(handle, limit..<limit + 1, .reserve(keepingSize: true)) }
        == .fileTooLarge)
    #expect(errno { try fs.volume.allocate(handle, 5..<5, .punchHole) } == .invalidArgument)
    let reader = try await fs.open("f")
    #expect(errno { try fs.volume.allocate(reader, 0..<5, .punchHole) } == .badFileDescriptor)
  }

  @Test func bytesThatAreNotHereAreData() async throws {
    // An upload may fetch them.
    let (fs, _, handle) = try await remote { $0.uploadEnabled = false }
    let end = Int64(Self.size)
    #expect(try fs.volume.seek(handle, from: 5, to: .data) == 5)
    #expect(try fs.volume.seek(handle, from: 5, to: .hole) == end)
    try fs.volume.allocate(handle, 1 << 20..<2 << 20, .punchHole)
    #expect(try fs.volume.seek(handle, from: 5, to: .hole) == 1 << 20)
    #expect(try fs.volume.seek(handle, from: 1 << 20, to: .data) == 2 << 20)
    #expect(try fs.volume.seek(handle, from: 2 << 20, to: .hole) == end)
    try fs.volume.allocate(handle, 2 << 20..<end, .punchHole)
    #expect(try fs.volume.seek(handle, from: (1 << 20) - 1, to: .data) == (1 << 20) - 1)
    for place in [end, end + 1, -1] {
      #expect(
        errno { _ = try fs.volume.seek(handle, from: place, to: .hole) } == .noSuchAddressOrDevice)
    }
    #expect(
      errno { _ = try fs.volume.seek(handle, from: 1 << 20, to: .data) } == .noSuchAddressOrDevice)
    #expect(fs.store.calls(.get).isEmpty)
  }

  @Test func openingForWritingNeverWaitsForTheStore() async throws {
    let (fs, bytes, reader) = try await remote { $0.uploadEnabled = false }
    let gate = Gate()
    fs.store.inject(.holdBody(after: 64 << 10, gate), on: .get)
    #expect(try await fs.volume.read(reader, at: 0, count: 10) == Array(bytes[..<10]))
    let writer = try await fs.open("f", [.write])
    try fs.write([1, 2, 3], at: 2 << 20, to: writer)
    try await fs.volume.flush(writer)
    fs.volume.release(writer)
    #expect(try await fs.volume.read(reader, at: 2 << 20, count: 3) == [1, 2, 3])
    let cutter = try await fs.open("f", [.write, .truncate])
    try fs.write([4], at: 0, to: cutter)
    try await fs.volume.flush(cutter)
    fs.volume.release(cutter)
    #expect(try await fs.read("f") == [4])
    gate.open()
  }
}
