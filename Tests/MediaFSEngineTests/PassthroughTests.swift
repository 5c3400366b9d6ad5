import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import Synchronization
import SystemPackage
import Testing

/// Which opens the kernel is told to read from the content file, and what that keeps from going.
@Suite struct PassthroughTests {
  /// A kernel that takes what it is given.
  private final class Kernel: BackingFiles {
    struct State {
      var registered: Set<Int32> = []
      var count: Int32 = 0
      var refusal: Errno?
    }

    let state = Mutex(State())

    var obstacle: String? { nil }

    func register(_ descriptor: CInt) throws(Errno) -> BackingNumber {
      try state.withLock { state throws(Errno) in
        if let refusal = state.refusal { throw refusal }
        state.count += 1
        state.registered.insert(state.count)
        return BackingNumber(state.count)
      }
    }

    func unregister(_ number: BackingNumber) {
      state.withLock { _ = $0.registered.remove(number.value) }
    }

    var registered: Set<Int32> { state.withLock { $0.registered } }
  }

  private let kernel = Kernel()

  private func volume(
    _ configure: (inout VolumeOptions) -> Void = { _ in }
  ) throws -> TestVolume {
    let fs = try TestVolume {
      $0.passesThrough = true
      configure(&$0)
    }
    fs.volume.attach(kernel)
    return fs
  }

  private func open(
    _ path: String, _ flags: OpenFlags, _ fs: TestVolume
  ) async throws -> OpenReply {
    try await fs.volume.open(fs.inode(path), flags)
  }

  @Test func oneFileOfTheDiskStandsForAllOpensOfAnInode() async throws {
    let fs = try volume()
    try await fs.write("bytes", to: "f")
    let first = try await open("f", .read, fs)
    let writer = try await open("f", .write, fs)
    let second = try await open("f", .read, fs)
    let number = try #require(first.access.backing)
    #expect(first.access == .passedThrough(number))
    #expect(writer.access == .direct(number))
    #expect(second.access == .passedThrough(number))
    for reply in [first, second] { fs.volume.release(reply.handle) }
    #expect(kernel.registered == [number.value])
    #expect(try await open("f", .read, fs).access == .passedThrough(number))
    fs.volume.release(writer.handle)
  }

  @Test func theWayEndsWithTheLastOpen() async throws {
    let fs = try volume()
    try await fs.write("bytes", to: "f")
    let reader = try await open("f", .read, fs)
    #expect(try fs.volume.status().passthrough.files == 1)
    #expect(try fs.volume.status().passthrough.bytes == 5)
    fs.volume.release(reader.handle)
    #expect(kernel.registered.isEmpty)
    #expect(try fs.volume.status().passthrough.bytes == 0)
    let writer = try await open("f", .write, fs)
    #expect(writer.access == .cached)
    // The kernel caches what it has of it, and may do nothing else until the end.
    #expect(try await open("f", .read, fs).access == .cached)
    fs.volume.release(writer.handle)
  }

  @Test func whatIsNotAllHereIsAskedFor() async throws {
    let fs = try volume()
    try await fs.write("bytes", to: "f")
    try await fs.drain()
    let other = try fs.sibling()
    other.volume.attach(kernel)
    #expect(try await open("f", .read, other).access == .cached)
    await other.stop()
  }

  @Test func anInodeWithTwoNamesIsAskedFor() async throws {
    let fs = try volume()
    try await fs.write("bytes", to: "f")
    _ = try await fs.volume.link(fs.inode("f"), to: #require(FileName("g")), in: .root)
    #expect(try await open("f", .read, fs).access == .cached)
  }

  @Test func whatTheKernelRefusesIsAskedFor() async throws {
    let fs = try volume()
    try await fs.write("bytes", to: "f")
    kernel.state.withLock { $0.refusal = .tooManySymbolicLinkLevels }
    let reader = try await open("f", .read, fs)
    #expect(reader.access == .cached)
    #expect(try await fs.volume.read(reader.handle, at: 0, count: 10) == Array("bytes".utf8))
    fs.volume.release(reader.handle)
    #expect(try fs.volume.status().passthrough.bytes == 0)
  }

  @Test func whoWaitsForTheStoreIsAskedFor() async throws {
    let fs = try volume { $0.uploadSynchronous = true }
    try await fs.write("bytes", to: "f")
    #expect(try await open("f", .read, fs).access == .cached)
  }

  @Test func whoGoesPastAllCachesIsAskedFor() async throws {
    let fs = try volume()
    try await fs.write("bytes", to: "f")
    #expect(try await open("f", [.read, .direct], fs).access == .cached)
  }

  /// A film is compared with its sums once, by who reads it, and not at each open.
  @Test func aLargeFilePassesOnceItWasRead() async throws {
    let fs = try volume()
    try await fs.write(String(repeating: "x", count: 5 << 20), to: "f")
    try await fs.drain()
    try await fs.crash()
    fs.volume.attach(kernel)
    let first = try await open("f", .read, fs)
    #expect(first.access == .cached)
    #expect(try await fs.volume.read(first.handle, at: 0, count: 5 << 20).count == 5 << 20)
    fs.volume.release(first.handle)
    for _ in 0..<3 {
      let passed = try await open("f", .read, fs)
      #expect(passed.access != .cached)
      fs.volume.release(passed.handle)
    }
  }

  /// Half of the cache is left to all others.
  @Test func notMoreThanHalfOfTheCacheIsHeld() async throws {
    let fs = try volume { $0.cacheSize = 1 << 20 }
    var held = 0
    for number in 0..<7 {
      try await fs.write(String(repeating: "x", count: 100_000), to: "f\(number)")
      if try await open("f\(number)", .read, fs).access != .cached { held += 1 }
    }
    #expect(held == 5)
  }

  /// Those that were read last the longest ago are in use: the search goes on behind them.
  @Test func whatIsHeldStaysAndOthersGo() async throws {
    let fs = try volume { $0.cacheSize = 4 << 20 }
    let bytes = String(repeating: "x", count: 8_000)
    var readers: [FileHandle] = []
    for number in 0..<200 {
      try await fs.write(bytes, to: "held \(number)")
      readers.append(try await open("held \(number)", .read, fs).handle)
    }
    for number in 0..<200 { try await fs.write(bytes, to: "other \(number)") }
    try await fs.drain()
    #expect(kernel.registered.count == 200)
    try await fs.write(String(repeating: "y", count: 1 << 20), to: "new")
    for reader in readers {
      #expect(try await fs.volume.read(reader, at: 0, count: 10_000) == Array(bytes.utf8))
    }
    #expect(fs.volume.context.statistics.misses.count == 0)
    #expect(fs.volume.context.statistics.evictions.count > 0)
  }
}
