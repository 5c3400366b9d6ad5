import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// Long files go up while somebody still writes to them.
@Suite struct UploadAheadTests {
  private static let part = 5 << 20
  private static let key = ObjectKey("ns/film")
  private let memory = MemoryObjectStore()
  private let clock = ManualClock()
  private let bytes = TestVolume.pattern(42 << 20)

  private func volume(_ checksum: ChecksumAlgorithm? = .crc64nvme) throws -> TestVolume {
    let store = ChecksummingStore(memory, verified: checksum.map { [$0] } ?? [])
    return try TestVolume(store: FaultStore(store), clock: clock) {
      $0.uploadPartSize = Int64(Self.part)
      $0.uploadDelay = .seconds(10)
    }
  }

  /// A file that is open, and of which all but the last byte was written.
  private func begin(_ fs: TestVolume) async throws -> FileHandle {
    try await fs.write("film", [])
    let handle = try await fs.open("film", [.read, .write])
    try fs.write(Array(bytes.dropLast()), at: 0, to: handle)
    return handle
  }

  /// The file's turn comes, and somebody has written to it since: at no moment is it at rest.
  private func look(_ fs: TestVolume, _ handle: FileHandle) async throws {
    try goOn(fs, handle)
    try await wake(fs)
  }

  private func goOn(_ fs: TestVolume, _ handle: FileHandle) throws {
    clock.advance(by: .seconds(6))
    try fs.write([0], at: Int64(bytes.count) - 2, to: handle)
    clock.advance(by: .seconds(5))
  }

  private func wake(_ fs: TestVolume) async throws {
    fs.volume.setPaused(false)
    let (catalog, reconciler) = (fs.volume.context.catalog, fs.volume.reconciler)
    while try reconciler.activeCount.uploads > 0
      || catalog.nextDue().map({ $0 <= clock.now }) ?? false
    {
      await Task.yield()
    }
  }

  private func finish(_ fs: TestVolume, _ handle: FileHandle) async throws {
    try fs.write(Array(bytes.suffix(2)), at: Int64(bytes.count) - 2, to: handle)
    try await fs.volume.flush(handle)
    fs.volume.release(handle)
    try await fs.drain()
  }

  private func sent(_ fs: TestVolume) -> Int { fs.store.calls(.uploadPart).count }

  private func expectThatAllIsThere(_ fs: TestVolume, _ expected: [UInt8]) async throws {
    #expect(memory.bytes(of: Self.key) == expected)
    #expect(try fs.volume.context.catalog.knownUploads().isEmpty)
    let other = try fs.sibling()
    let (own, theirs) = (try await fs.attributes("film"), try await other.attributes("film"))
    #expect(theirs.modified == own.modified && theirs.permissions == own.permissions)
  }

  @Test func itsPartsGoUpWhenNothingOfThemHasChangedForAWhile() async throws {
    let fs = try volume()
    let handle = try await begin(fs)
    try await look(fs, handle)
    #expect(sent(fs) == 0)
    try await look(fs, handle)
    // The last one is not whole, and no other request had anything of the file.
    #expect(sent(fs) == 8)
    #expect(memory.bytes(of: Self.key) == nil)
    try await look(fs, handle)
    #expect(sent(fs) == 8)
    try await finish(fs, handle)
    #expect(sent(fs) == 9)
    #expect(fs.store.calls(.completeUpload).count == 1)
    try await expectThatAllIsThere(fs, bytes)
  }

  @Test func whatIsChangedLaterIsSentOnceMore() async throws {
    let fs = try volume()
    let handle = try await begin(fs)
    try await look(fs, handle)
    try await look(fs, handle)
    var expected = bytes
    for offset in [3, 2 * Self.part - 1] {
      try fs.write([7, 7], at: Int64(offset), to: handle)
      expected.replaceSubrange(offset..<offset + 2, with: [7, 7])
    }
    try await fs.changeMode(of: "film", to: 0o600)
    try await finish(fs, handle)
    #expect(sent(fs) == 8 + 4)
    try await expectThatAllIsThere(fs, expected)
  }

  /// The part that is being read when it changes does not count, and neither does its answer.
  @Test(arguments: [false, true])
  func whatChangesOnItsWayIsSentOnceMore(whenItHasArrived: Bool) async throws {
    let fs = try volume()
    let handle = try await begin(fs)
    try await look(fs, handle)
    let gate = Gate()
    fs.store.inject(whenItHasArrived ? .holdAnswer(gate) : .hold(gate), on: .uploadPart, times: 8)
    try goOn(fs, handle)
    fs.volume.setPaused(false)
    await gate.reached(by: 8)
    try fs.write([7], at: 3, to: handle)
    gate.open()
    try await wake(fs)
    try await finish(fs, handle)
    try await expectThatAllIsThere(fs, patched(3, 7))
  }

  /// Its attributes could not follow: what is in an archive cannot be copied.
  @Test func whatGoesToAnArchiveWaitsForTheEnd() async throws {
    let fs = try volume()
    fs.options.storageClass = "GLACIER"
    try await fs.crash()
    let handle = try await begin(fs)
    try await look(fs, handle)
    try await look(fs, handle)
    #expect(sent(fs) == 0)
    fs.volume.release(handle)
  }

  private func patched(_ offset: Int, _ byte: UInt8) -> [UInt8] {
    var patched = bytes
    patched[offset] = byte
    return patched
  }

  /// A daemon that died cannot say what was changed after it was sent.
  @Test(arguments: [ChecksumAlgorithm.crc64nvme, .crc32c, nil])
  func anotherDaemonGoesOnWithWhatIsStillTheSame(_ checksum: ChecksumAlgorithm?) async throws {
    let fs = try volume(checksum)
    let handle = try await begin(fs)
    try await look(fs, handle)
    try await look(fs, handle)
    #expect(sent(fs) == 8)
    try fs.write([7], at: 3, to: handle)
    fs.store.forgetCalls()
    try await fs.crash()
    try await finish(fs, try await fs.open("film", [.read, .write]))
    // Only with a checksum that tells two contents apart for sure.
    #expect(sent(fs) == (checksum == .crc64nvme ? 2 : 9))
    try await expectThatAllIsThere(fs, patched(3, 7))
  }

  @Test func whatIsCutOffIsSentOnceMore() async throws {
    let fs = try volume()
    let handle = try await begin(fs)
    try await look(fs, handle)
    try await look(fs, handle)
    let inode = try await fs.inode("film")
    let cut = Int64(7 * Self.part)
    _ = try await fs.volume.setAttributes(of: inode, AttributeChanges(size: cut - 1), handle: nil)
    _ = try await fs.volume.setAttributes(of: inode, AttributeChanges(size: cut), handle: nil)
    try fs.write(Array(bytes[(7 * Self.part)...]), at: cut, to: handle)
    try await finish(fs, handle)
    #expect(sent(fs) == 8 + 3)
    try await expectThatAllIsThere(fs, patched(7 * Self.part - 1, 0))
  }

  @Test func holesWaitForTheEnd() async throws {
    let fs = try volume()
    try await fs.write("film", [])
    let handle = try await fs.open("film", [.read, .write])
    try fs.write([1], at: Int64(bytes.count) - 1, to: handle)
    try await look(fs, handle)
    try await look(fs, handle)
    #expect(sent(fs) == 0)
    fs.volume.release(handle)
  }

  @Test func underAnotherNameItBeginsAnew() async throws {
    let fs = try volume()
    let handle = try await begin(fs)
    try await look(fs, handle)
    try await look(fs, handle)
    try await fs.rename("film", to: "other")
    try await look(fs, handle)
    try await look(fs, handle)
    #expect(sent(fs) == 16)
    try await finish(fs, handle)
    #expect(sent(fs) == 17)
    #expect(memory.bytes(of: ObjectKey("ns/other")) == bytes)
    #expect(memory.bytes(of: Self.key) == nil)
    while try await !fs.store.listUploads(prefix: "ns/").isEmpty { await Task.yield() }
  }

  @Test func ofWhatIsDeletedNothingStays() async throws {
    let fs = try volume()
    let handle = try await begin(fs)
    try await look(fs, handle)
    try await look(fs, handle)
    #expect(try await fs.store.listUploads(prefix: "ns/").count == 1)
    try await fs.unlink("film")
    clock.advance(by: .seconds(11))
    fs.volume.setPaused(false)
    while try await !fs.store.listUploads(prefix: "ns/").isEmpty { await Task.yield() }
    fs.volume.release(handle)
  }

  /// Somebody has tidied up: a lifecycle rule of the bucket, or an operator.
  @Test func anUploadThatIsGoneIsBegunAnew() async throws {
    let fs = try volume()
    let handle = try await begin(fs)
    try await look(fs, handle)
    try await look(fs, handle)
    for upload in try await fs.store.listUploads(prefix: "ns/") {
      try await fs.store.abortUpload(upload.key, upload.upload)
    }
    try await look(fs, handle)
    try await finish(fs, handle)
    try await expectThatAllIsThere(fs, bytes)
  }
}
