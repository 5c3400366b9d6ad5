import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// What is done after a power cut where the disk does not even say what is left.
@Suite struct CutRecoveryTests {
  /// A file that was not on disk when the power went, and cannot be looked at afterwards: it is not
  /// sent before it was.
  @Test func whatCannotBeLookedAtIsNotSent() async throws {
    let faults = UnreadableDisk.Faults()
    let fs = try TestVolume(faults: faults) { options in
      options.boot = "first"
      options.uploadEnabled = false
    }
    // Nothing brings to the disk what the process writes.
    faults.failSynchronization(true)
    let bytes = TestVolume.pattern(64 << 10)
    try await fs.write("f", bytes)
    fs.options.uploadEnabled = true
    fs.options.boot = "second"
    faults.fail(.max)
    try await fs.crash()
    faults.fail(0)
    faults.failSynchronization(false)
    let (catalog, number) = (fs.volume.context.catalog, try await fs.inode("f"))
    #expect(try catalog.suspects().count == 1)
    while try catalog.item(of: number)?.attempts == 0 { await Task.yield() }
    #expect(try await fs.objects()["ns/f"] == nil)
    // The next start can read it.
    try await fs.crash()
    #expect(try fs.volume.context.catalog.suspects().isEmpty)
    try await fs.drain()
    #expect(try await fs.objects()["ns/f"] == bytes)
  }

  /// The first block was on disk with the first bytes, then the file grew: some later block is on
  /// disk, and the first one was not written again. Its rest reads as zeros, which nobody wrote.
  @Test func theRestOfABlockBeforeAGapIsMissingToo() async throws {
    let fs = try TestVolume { options in
      options.boot = "first"
      options.uploadEnabled = false
    }
    let start = [UInt8](repeating: 4, count: 64)
    try await fs.write("f", [])
    let handle = try await fs.open("f", [.write])
    try fs.write(start, at: 0, to: handle)
    try fs.write([UInt8](repeating: 6, count: 62_082), at: 64, to: handle)
    let record = try #require(try fs.volume.context.catalog.inode(try await fs.inode("f")))
    try fs.volume.context.disk.open(record.content).clear(64..<57_344)
    fs.options.boot = "second"
    fs.options.uploadEnabled = true
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.objects()["ns/f"] == start)
  }

  /// A block was on disk with the first bytes; the file went on in it and beyond, and the later
  /// blocks are on disk, but not that one as it was then. Zeros that were written count as missing
  /// where nothing tells them from those.
  @Test(arguments: [
    ([4_912, 20_000], 4_912..<8_192, 4_912), ([100, 4_096, 20_000], 100..<4_096, 100),
    ([8_192, 20_000], 8_292..<12_288, 20_000),
  ])
  func aFileEndsWhereItWentOnWithinABlock(
    ends: [Int64], zeros: Range<Int64>, size: Int64
  ) async throws {
    let fs = try TestVolume { options in
      options.boot = "first"
      options.uploadEnabled = false
    }
    try await fs.write("f", [])
    let handle = try await fs.open("f", [.write])
    for (start, end) in zip([0] + ends, ends) {
      try fs.write([UInt8](repeating: 4, count: Int(end - start)), at: start, to: handle)
    }
    try fs.write([UInt8](repeating: 0, count: zeros.count), at: zeros.lowerBound, to: handle)
    fs.options.boot = "second"
    try await fs.crash()
    #expect(try await fs.read("f").count == Int(size))
  }

  /// The inode has no room for the note, but the disk for the bytes: they are there at once.
  @Test func aFileThatCannotSayWhereItWentOnIsSynchronized() async throws {
    let faults = UnreadableDisk.Faults()
    let fs = try TestVolume(faults: faults) { $0.uploadEnabled = false }
    try await fs.write("f", [UInt8](repeating: 4, count: 100))
    let handle = try await fs.open("f", [.write])
    faults.failNotes(true)
    let before = faults.synchronizationCount
    try fs.write([UInt8](repeating: 6, count: 10_000), at: 100, to: handle)
    #expect(faults.synchronizationCount == before + 1)
    #expect(try await fs.read("f").count == 10_100)
  }

  /// What was written behind the object's bytes was cut off, and has left a block with room and
  /// without a byte of the file: after a power cut nothing would tell its zeros from what is
  /// written there next.
  @Test(arguments: [true, false])
  func whatWasCutOffLeavesRoom(isCut: Bool) async throws {
    let faults = UnreadableDisk.Faults()
    let fs = try TestVolume(faults: faults) { $0.uploadEnabled = false }
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource(TestVolume.pattern(3_000)), headers: ObjectHeaders(),
      condition: .none)
    let handle = try await fs.open("f", [.write])
    if isCut { try fs.write([7], at: 3_000, to: handle) }
    _ = try await fs.volume.setAttributes(
      of: fs.inode("f"), AttributeChanges(size: 2_000), handle: nil)
    let before = faults.synchronizationCount
    try fs.write([5], at: 500, to: handle)
    #expect(faults.synchronizationCount == before + (isCut ? 1 : 0))
    try fs.write([5], at: 501, to: handle)
    let bytes = TestVolume.pattern(500) + [5, 5] + TestVolume.pattern(2_000)[502...]
    #expect(try await fs.read("f") == bytes)
  }

  /// The kernel tells once that it could not write bytes back, and may have dropped them.
  @Test func aFailedSynchronizationIsNotForgotten() async throws {
    let faults = UnreadableDisk.Faults()
    let fs = try TestVolume(faults: faults) { $0.uploadEnabled = false }
    let bytes = TestVolume.pattern(64 << 10)
    try await fs.write("f", bytes)
    let handle = try await fs.open("f", [.write])
    try fs.write([1], at: 0, to: handle)
    faults.failSynchronization(true)
    for fails in [true, false] {
      faults.failSynchronization(fails)
      await #expect { try await fs.volume.synchronize(handle, dataOnly: false) } throws: {
        ($0 as? FileSystemError)?.errno == .ioError
      }
    }
    fs.volume.release(handle)
    fs.volume.setPaused(false)
    let (catalog, number) = (fs.volume.context.catalog, try await fs.inode("f"))
    while try catalog.item(of: number)?.attempts == 0 { await Task.yield() }
    #expect(try await fs.objects()["ns/f"] == nil)
    // The next start looks, and finds all of it.
    fs.options.uploadEnabled = true
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.objects()["ns/f"] == [1] + bytes.dropFirst())
  }

  /// A content file that the cut took, of zeros alone: the next cut must not take the new one.
  @Test func whatIsMadeAnewIsOnTheDiskBeforeItIsTrusted() async throws {
    let faults = UnreadableDisk.Faults()
    let fs = try TestVolume(faults: faults) { options in
      options.boot = "first"
      options.uploadEnabled = false
    }
    try await fs.write("f", [])
    let number = try await fs.inode("f")
    _ = try await fs.volume.setAttributes(
      of: number, AttributeChanges(size: 1 << 20), handle: nil)
    let content = try #require(try fs.volume.context.catalog.inode(number)).content
    try fs.volume.context.disk.remove(content)
    fs.options.boot = "second"
    try await fs.crash()
    #expect(try fs.volume.context.catalog.suspects().isEmpty)
    #expect(faults.synchronizedNames.contains(content))
    #expect(try await fs.read("f").count == 1 << 20)
  }
}
