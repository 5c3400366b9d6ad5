import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage
import Testing

/// A disk that gives other bytes than it was given, beneath bytes that the store has too.
@Suite struct DamageTests {
  private static let block = Int(BlockSums.length)
  private let bytes = TestVolume.pattern(5 * block + 1_000)

  /// A volume that has started anew, with a file that is all here and in the store.
  private func volume(
    _ configure: (inout VolumeOptions) -> Void = { _ in }
  ) async throws -> TestVolume {
    let fs = try TestVolume(configure: configure)
    try await fs.write("f", bytes)
    try await fs.drain()
    try await fs.crash()
    fs.store.forgetCalls()
    return fs
  }

  private func damaged(_ fs: TestVolume) -> Int {
    fs.volume.context.statistics.damagedBlocks.count
  }

  @Test func aDamagedBlockIsFetchedAgainAndNeverShown() async throws {
    let fs = try await volume()
    for offset in [0, 2 * Self.block + 77, bytes.count - 1] {
      try await fs.damage("f", at: Int64(offset))
    }
    #expect(try await fs.read("f") == bytes)
    #expect(damaged(fs) == 3)
    let fetched = fs.store.calls(.get).compactMap(\.range).reduce(0) { $0 + $1.count }
    #expect(fetched == 2 * Self.block + 1_000)
    #expect(fs.volume.context.space.account.used == Int64(bytes.count))
    #expect(try Inspector(context: fs.volume.context).violations().isEmpty)
    // What was fetched is on the disk, with its sums, once the download has ended.
    while fs.volume.context.registry.fetchCount > 0 {
      try Task.checkCancellation()
      await Task.yield()
    }
    try await fs.crash()
    fs.store.forgetCalls()
    #expect(try await fs.read("f") == bytes)
    #expect(fs.store.calls(.get).isEmpty && damaged(fs) == 0)
  }

  /// What was fetched, not uploaded, has checksums as well, also where it came in pieces.
  @Test func fetchedBytesHaveChecksums() async throws {
    let first = try await volume()
    let fs = try first.sibling()
    fs.store.inject(.cutBody(after: Self.block + 5, .connectionLost), on: .get)
    #expect(try await fs.read("f") == bytes)
    try await fs.crash()
    for block in 0..<6 { try await fs.damage("f", at: Int64(block * Self.block + 9)) }
    #expect(try await fs.read("f") == bytes)
    #expect(damaged(fs) == 6)
  }

  @Test func withoutTheStoreItIsAnErrorAndNotOtherBytes() async throws {
    let fs = try await volume { $0.networkDeadline = .milliseconds(200) }
    try await fs.damage("f", at: 3)
    fs.store.outage = .connectionLost
    let handle = try await fs.open("f")
    await #expect {
      try await fs.volume.read(handle, at: 0, count: 10)
    } throws: {
      ($0 as? FileSystemError)?.errno == .ioError
    }
    let rest = Array(bytes[Self.block..<2 * Self.block])
    let found = try await fs.volume.read(handle, at: Int64(Self.block), count: Self.block)
    #expect(found == rest)
    fs.store.outage = nil
    // A fetch that is still waiting may fail once more.
    var healed: [UInt8]?
    while healed == nil { healed = try? await fs.volume.read(handle, at: 0, count: 10) }
    #expect(healed == Array(bytes[..<10]))
    fs.volume.release(handle)
  }

  /// Changed bytes lie beside damaged ones: in the same block, in one of the same MiB, behind the
  /// old end; and all of the file is sent.
  @Test(arguments: [(0, 10), (70_000, 10), (328_680, 20_000), (100_000, 100)])
  func noDamagedByteIsSent(offset: Int, count: Int) async throws {
    let fs = try await volume()
    for place in [1_000, 150_000, bytes.count - 1] { try await fs.damage("f", at: Int64(place)) }
    var expected = bytes
    let patch = [UInt8](repeating: 7, count: count)
    try await fs.patch("f", at: Int64(offset), patch, alsoIn: &expected)
    try await fs.drain()
    #expect(try await fs.objects()["ns/f"] == expected)
    try await fs.crash()
    #expect(try await fs.read("f") == expected)
  }

  /// What remains of a block loses its checksum.
  @Test func noDamagedByteIsSentOfWhatWasCutOff() async throws {
    let fs = try await volume()
    try await fs.damage("f", at: 70_000)
    let size = Int64(Self.block + 20_000)
    _ = try await fs.volume.setAttributes(
      of: fs.inode("f"), AttributeChanges(size: size), handle: nil)
    try await fs.drain()
    #expect(try await fs.objects()["ns/f"] == Array(bytes[..<Int(size)]))
  }

  @Test func noDamagedByteIsCopied() async throws {
    let fs = try await volume()
    try await fs.damage("f", at: 70_000)
    try await fs.write("g", [])
    let (source, target) = (try await fs.open("f"), try await fs.open("g", [.read, .write]))
    var copied: Int64 = 0
    while copied < bytes.count {
      copied += try await fs.volume.copyRange(
        from: source, at: copied, to: target, at: copied, count: Int64(bytes.count) - copied)
    }
    fs.volume.release(source)
    fs.volume.release(target)
    #expect(try await fs.read("g") == bytes)
    #expect(damaged(fs) == 1)
  }

  /// Of a large file only what changed is sent, and the store copies the rest: the block in which
  /// the object ended is half of each.
  @Test func theBlockThatGrewIsComparedBeforeItIsSummedAnew() async throws {
    let fs = try TestVolume { $0.uploadPartSize = 5 << 20 }
    var expected = TestVolume.pattern(33 << 20 + 500)
    try await fs.write("f", expected)
    try await fs.drain()
    try await fs.crash()
    let end = Int64(expected.count)
    try await fs.damage("f", at: end - 100)
    try await fs.patch("f", at: end, [1, 2, 3], alsoIn: &expected)
    try await fs.drain()
    try await fs.crash()
    #expect(try await fs.read("f") == expected)
  }

  /// Nobody has what is damaged any more: it is not uploaded in the place of what is gone.
  @Test func whatTheStoreHasLostIsNotReplacedByDamagedBytes() async throws {
    let fs = try await volume()
    try await fs.damage("f", at: 70_000)
    try await fs.store.delete(ObjectKey("ns/f"))
    try await fs.rename("f", to: "g")
    await #expect(throws: FileSystemError.self) { try await fs.drain() }
    for (_, object) in try await fs.objects() { #expect(object == bytes) }
    await #expect(throws: FileSystemError.self) { try await fs.read("g") }
  }

  /// What a change replaces as a whole, or cuts off, may be damaged: nobody looks at it.
  @Test(arguments: [false, true]) func whatIsReplacedIsNotCompared(cutsOff: Bool) async throws {
    let fs = try await volume()
    try await fs.damage("f", at: Int64(Self.block + 7))
    let handle = try await fs.open("f", [.write])
    var expected = bytes
    if cutsOff {
      let changes = AttributeChanges(size: Int64(Self.block))
      _ = try await fs.volume.setAttributes(of: fs.inode("f"), changes, handle: handle)
      expected.removeLast(bytes.count - Self.block)
    } else {
      let new = [UInt8](repeating: 3, count: Self.block + 2)
      try fs.write(new, at: Int64(Self.block - 1), to: handle)
      expected.replaceSubrange(Self.block - 1...2 * Self.block, with: new)
    }
    fs.volume.release(handle)
    #expect(damaged(fs) == 0)
    #expect(try await fs.read("f") == expected)
    try await fs.drain()
    #expect(try await fs.objects()["ns/f"] == expected)
    #expect(damaged(fs) == 0)
  }

  /// Of a file that was changed and is cut within what was changed no sum is left, which is fine.
  @Test func aCutChangeIsNoViolation() async throws {
    let fs = try TestVolume { $0.uploadDelay = .seconds(600) }
    try await fs.write("f", TestVolume.pattern(27 * Self.block))
    try await fs.drain()
    let handle = try await fs.open("f", [.write])
    try fs.write([8], at: 0, to: handle)
    let changes = AttributeChanges(size: Int64(2 * Self.block + 1))
    _ = try await fs.volume.setAttributes(of: fs.inode("f"), changes, handle: handle)
    #expect(try Inspector(context: fs.volume.context).violations().isEmpty)
    fs.volume.release(handle)
  }

  @Test func whatNobodyReadsIsFoundByVerifying() async throws {
    let fs = try await volume()
    fs.volume.setPaused(true)
    try await fs.write("new", Array("not uploaded".utf8))
    try await fs.damage("f", at: 70_000)
    let progress = Mutex(VolumeStatus.Count())
    var found = try await fs.volume.verify(beneath: nil, repairing: false) { count in
      progress.withLock { $0 = count }
    }
    #expect(found.damagedBlocks == 1 && found.repairedBlocks == 0 && !found.isIntact)
    #expect(found.damaged.first?.path == "f" && found.damaged.first?.offset == 65_536)
    #expect(found.checked.files == 2 && found.dirty.files == 1 && found.dirty.bytes == 12)
    #expect(found.checked.bytes == Int64(bytes.count - Self.block))
    #expect(progress.withLock { $0 } == found.checked)
    #expect(fs.store.calls(.get).isEmpty)
    found = try await fs.volume.verify(beneath: "f", repairing: true) { _ in }
    #expect(found.damagedBlocks == 1 && found.isIntact && found.checked.files == 1)
    #expect(!fs.store.calls(.get).isEmpty)
    found = try await fs.volume.verify(beneath: nil, repairing: true) { _ in }
    #expect(found.damagedBlocks == 0 && found.changedFiles == 0 && found.unasked == 0)
  }

  /// Without anybody who reads, and from where the last look ended.
  @Test func theCacheIsLookedThroughInSteps() async throws {
    let fs = try TestVolume()
    let large = TestVolume.pattern(3 << 20)
    try await fs.write("f", large)
    try await fs.write("g", bytes)
    try await fs.drain()
    try await fs.damage("f", at: 2_500_000)
    try await fs.damage("g", at: 1)
    let scrubber = Scrubber(context: fs.volume.context, downloader: fs.volume.downloader)
    var place = Scrubber.Place()
    var found: [Int] = []
    while try await !scrubber.step(&place) {
      found.append(damaged(fs))
      place = try #require(Scrubber.Place(place.text))
    }
    #expect(found.first == 0 && found.contains(1) && damaged(fs) == 2)
    fs.store.forgetCalls()
    #expect(try await fs.read("f") == large)
    #expect(try await fs.read("g") == bytes)
    #expect(fs.store.calls(.get).isEmpty, "it was fetched again already")
  }

  @Test func verifyingTellsOfWhatOthersHaveChanged() async throws {
    let fs = try await volume()
    try await fs.write("gone", Array("gone".utf8))
    try await fs.drain()
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource([1, 2, 3]), headers: ObjectHeaders(), condition: .none)
    try await fs.store.delete(ObjectKey("ns/gone"))
    var found = try await fs.volume.verify(beneath: nil, repairing: true) { _ in }
    #expect(found.changed.sorted() == ["f", "gone"] && found.isIntact)
    fs.store.outage = .connectionLost
    found = try await fs.volume.verify(beneath: nil, repairing: true) { _ in }
    #expect(found.unasked == 2 && found.changedFiles == 0 && found.isIntact)
  }
}
