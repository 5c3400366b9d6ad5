import MediaFSCache
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Synchronization
import SystemPackage
import Testing

/// What is in the store is read while it arrives, once, and never as anything else.
@Suite struct ReadTests {
  private static let key = ObjectKey("ns/film")

  private static func pattern(_ count: Int) -> [UInt8] { TestVolume.pattern(count) }

  private func foreign(_ count: Int) async throws -> (TestVolume, [UInt8]) {
    let fs = try TestVolume()
    let bytes = Self.pattern(count)
    _ = try await fs.store.put(
      Self.key, BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    return (fs, bytes)
  }

  @Test func aForeignObjectIsReadWholeAndKeptForTheNextTime() async throws {
    let (fs, bytes) = try await foreign(5 << 20)
    #expect(try await fs.read("film") == bytes)
    fs.store.forgetCalls()
    #expect(try await fs.read("film") == bytes)
    try await fs.crash()
    #expect(try await fs.read("film") == bytes)
    let keySpace = KeySpace(prefix: fs.options.keyPrefix)
    #expect(fs.store.calls.allSatisfy { keySpace.isReserved($0.key) })
  }

  @Test func readersShareOneDownload() async throws {
    let (fs, bytes) = try await foreign(20 << 20)
    let volume = fs.volume
    let inode = try await fs.inode("film")
    let results = try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<20 {
        group.addTask {
          let handle = try await volume.open(inode, [.read]).handle
          defer { volume.release(handle) }
          var read: [UInt8] = []
          while true {
            let part = try await volume.read(handle, at: Int64(read.count), count: 1 << 17)
            if part.isEmpty { return read }
            read += part
          }
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.allSatisfy { $0 == bytes })
    let ranges = fs.store.calls(.get).compactMap(\.range)
    #expect(ranges.reduce(0) { $0 + $1.count } == bytes.count)
    #expect(ByteRangeSet(ranges) == ByteRangeSet(0..<Int64(bytes.count)))
  }

  @Test func aReaderWaitsForItsRangeAndNothingElse() async throws {
    let (fs, bytes) = try await foreign(40 << 20)
    let gate = Gate()
    fs.store.inject(.holdBody(after: 1 << 20, gate), on: .get)
    let handle = try await fs.open("film")
    let head = try await fs.volume.read(handle, at: 0, count: 4096)
    #expect(head == Array(bytes[..<4096]))
    let tail = try await fs.volume.read(handle, at: 39 << 20, count: 4096)
    #expect(tail == Array(bytes[(39 << 20)..<(39 << 20) + 4096]))
    gate.open()
    fs.volume.release(handle)
  }

  @Test func aBrokenBodyIsContinuedWhereItBroke() async throws {
    let (fs, bytes) = try await foreign(3 << 20)
    fs.store.inject(.cutBody(after: 700_000, .connectionLost), on: .get)
    #expect(try await fs.read("film") == bytes)
    let ranges = fs.store.calls(.get).compactMap(\.range)
    #expect(ranges.contains { $0.lowerBound == 700_000 })
  }

  @Test func anUnreachableStoreIsAnErrorAndNeverMissing() async throws {
    let (fs, _) = try await foreign(1 << 20)
    fs.options.networkDeadline = .milliseconds(300)
    try await fs.crash()
    let inode = try await fs.inode("film")
    fs.store.outage = .connectionLost
    let handle = try await fs.volume.open(inode, [.read]).handle
    await #expect { _ = try await fs.volume.read(handle, at: 0, count: 10) } throws: {
      ($0 as? FileSystemError)?.errno == .ioError
    }
    #expect(try await fs.names() == ["film"])
    #expect(try await fs.attributes("film").size == 1 << 20)
    fs.store.outage = nil
    #expect(try await fs.volume.read(handle, at: 0, count: 10).count == 10)
    fs.volume.release(handle)
  }

  @Test func bytesThatNoObjectHoldsAreNamedWithACure() async throws {
    let (fs, _) = try await foreign(1 << 20)
    let handle = try await fs.open("film")
    let inode = try await fs.inode("film")
    fs.volume.context.registry.current(inode)?.state.withLock { $0.object = nil }
    await #expect { _ = try await fs.volume.read(handle, at: 0, count: 10) } throws: {
      let text = ($0 as? FileSystemError)?.message ?? ""
      return text.contains("of film are not cached here") && text.contains("write the file anew")
    }
    fs.volume.release(handle)
  }

  @Test func anObjectReplacedElsewhereIsNeverMixed() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    let old = Self.pattern(3 << 20)
    _ = try await fs.store.put(
      Self.key, BytesSource(old), headers: ObjectHeaders(), condition: .none)
    let handle = try await fs.open("film")
    #expect(try await fs.volume.read(handle, at: 0, count: 10) == Array(old[..<10]))
    let new = [UInt8](repeating: 7, count: 2 << 20)
    _ = try await fs.store.put(
      Self.key, BytesSource(new), headers: ObjectHeaders(), condition: .none)
    #expect(try await fs.read("film") == new)
    // What the old handle has not fetched can no longer be had.
    await #expect { _ = try await fs.volume.read(handle, at: 2 << 20, count: 10) } throws: {
      ($0 as? FileSystemError)?.errno == .staleNFSFileHandle
    }
    fs.volume.release(handle)
  }

  /// Some tools keep metadata that they do not know when they write an object, and with it our own
  /// words of the version that was there.
  @Test func aForeignVersionWithOurWordsIsNotTakenForOurs() async throws {
    let fs = try TestVolume { $0.cacheSize = 40 << 20 }
    for index in 0..<3 {
      _ = try await fs.store.put(
        ObjectKey("ns/\(index)"), BytesSource(Self.pattern(16 << 20)), headers: ObjectHeaders(),
        condition: .none)
    }
    try await fs.write("film", Self.pattern(20 << 20))
    try await fs.drain()
    for index in 0..<3 { _ = try await fs.read("\(index)") }
    let handle = try await fs.open("film")
    let inode = try await fs.inode("film")
    #expect(
      try await fs.volume.extendedAttribute("user.mediafs.state", of: inode) == Array("remote".utf8)
    )
    let headers = try await fs.store.head(ObjectKey("ns/film")).headers
    #expect(headers.metadata["mediafs-commit"] != nil)
    _ = try await fs.store.put(
      ObjectKey("ns/film"), BytesSource([UInt8](repeating: 1, count: 20 << 20)), headers: headers,
      condition: .none)
    await #expect { _ = try await fs.volume.read(handle, at: 2 << 20, count: 10) } throws: {
      ($0 as? FileSystemError)?.errno == .staleNFSFileHandle
    }
    fs.volume.release(handle)
  }

  @Test func theCacheStaysWithinItsLimit() async throws {
    let fs = try TestVolume { $0.cacheSize = 40 << 20 }
    let bytes = Self.pattern(16 << 20)
    for index in 0..<6 {
      _ = try await fs.store.put(
        ObjectKey("ns/\(index)"), BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    }
    for index in 0..<6 {
      #expect(try await fs.read("\(index)") == bytes)
      #expect(fs.volume.context.space.account.used <= 40 << 20)
    }
    #expect(fs.volume.context.statistics.evictions.count > 0)
    #expect(try await fs.read("0") == bytes)
  }

  /// Nothing that was fetched ahead makes room for what is still further ahead.
  @Test func aFileLargerThanTheCacheIsFetchedOnce() async throws {
    let fs = try TestVolume { $0.cacheSize = 8 << 20 }
    let bytes = Self.pattern(48 << 20)
    _ = try await fs.store.put(
      ObjectKey("ns/film"), BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    #expect(try await fs.read("film") == bytes)
    let fetched = fs.store.calls(.get).compactMap { $0.range?.count }.reduce(0, +)
    #expect(fetched <= bytes.count * 5 / 4)
  }

  @Test func whatIsToBeKeptIsNotEvicted() async throws {
    let fs = try TestVolume {
      $0.cacheSize = 40 << 20
      $0.localKeep = try PatternList(parsing: "posters:*.nfo")
    }
    let bytes = Self.pattern(4 << 20)
    let kept = ["posters/1", "posters/2", "film.nfo"]
    for path in kept + (0..<12).map({ "other/\($0)" }) {
      _ = try await fs.store.put(
        ObjectKey("ns/" + path), BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    }
    for path in kept + (0..<12).map({ "other/\($0)" }) { #expect(try await fs.read(path) == bytes) }
    #expect(fs.volume.context.statistics.evictions.count > 0)
    fs.store.outage = .connectionLost
    for path in kept { #expect(try await fs.read(path) == bytes) }
  }

  @Test func aCacheFullOfWhatIsKeptRefusesMore() async throws {
    let fs = try TestVolume {
      $0.cacheSize = 8 << 20
      $0.localKeep = try PatternList(parsing: "*")
    }
    for name in ["a", "b"] { try await fs.write(name, Self.pattern(4 << 20)) }
    try await fs.drain()
    await #expect { try await fs.write("c", [1]) } throws: {
      ($0 as? FileSystemError)?.errno == .noSpace
    }
  }

  @Test func aCacheFullOfDirtyBytesRefusesMore() async throws {
    let fs = try TestVolume {
      $0.cacheSize = 4 << 20
      $0.uploadEnabled = false
    }
    try await fs.write("a", [UInt8](repeating: 1, count: 3 << 20))
    await #expect { try await fs.write("b", [UInt8](repeating: 2, count: 2 << 20)) } throws: {
      ($0 as? FileSystemError)?.errno == .noSpace
    }
    #expect(try await fs.read("a") == [UInt8](repeating: 1, count: 3 << 20))
    fs.volume.setPaused(false)
    try await fs.drain()
    try await fs.write("b", [UInt8](repeating: 2, count: 2 << 20))
  }
}
