import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Synchronization
import SystemPackage
import Testing

/// A small change of a large file sends the change, and the store copies the rest.
@Suite struct DeltaUploadTests {
  private static let megabyte: Int64 = 1 << 20
  private static let key = ObjectKey("ns/film")

  private func film(_ megabytes: Int, in fs: TestVolume) async throws -> [UInt8] {
    let bytes = TestVolume.pattern(megabytes << 20)
    _ = try await fs.store.put(
      Self.key, BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    return bytes
  }

  private func sentSize(_ fs: TestVolume) -> Int64 {
    fs.store.calls(.uploadPart).reduce(0) { $0 + ($1.size ?? 0) }
  }

  /// Some stores take any version for the one that a copy is asked of.
  @Test func aBaseThatIsReplacedWhileItIsCopiedIsNotMixed() async throws {
    let fs = try TestVolume(store: FaultStore(MemoryObjectStore(), conditions: .ignored))
    var bytes = try await film(24, in: fs)
    let copying = Gate()
    fs.store.inject(.holdAnswer(copying), on: .copyPart)
    try await fs.patch("film", at: 10 * Self.megabyte + 7, [1, 2, 3], alsoIn: &bytes)
    await copying.reached()
    let theirs = [UInt8](repeating: 7, count: 24 << 20)
    _ = try await fs.store.put(
      Self.key, BytesSource(theirs), headers: ObjectHeaders(), condition: .none)
    copying.open()
    // What was copied is gone at the store, and the patch alone is no file.
    await #expect(throws: FileSystemError.self) { try await fs.drain() }
    #expect(try await fs.objects() == ["ns/film": theirs])
  }

  @Test func aPatchOfARemoteFileNeitherFetchesNorSendsTheRest() async throws {
    let fs = try TestVolume()
    var bytes = try await film(24, in: fs)
    try await fs.patch("film", at: 10 * Self.megabyte + 7, [1, 2, 3], alsoIn: &bytes)
    try await fs.drain()
    #expect(try await fs.objects()["ns/film"] == bytes)
    #expect(sentSize(fs) == 5 * Self.megabyte)
    let fetched = fs.store.calls(.get).filter { $0.key == Self.key }
      .compactMap { $0.range.map { Int64($0.count) } }
    // The last look at the objects fetched all of it, without a range.
    #expect(fetched.reduce(0, +) <= 5 * Self.megabyte)
    #expect(fs.puts().filter { $0.key == Self.key }.count == 1)
    #expect(try await fs.read("film") == bytes)
    #expect(try await fs.sibling().read("film") == bytes)
  }

  @Test func aFileThatIsAllHereSendsOnlyTheChangeToo() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    var bytes = try await film(40, in: fs)
    #expect(try await fs.read("film") == bytes)
    try await fs.patch("film", at: 0, [9], alsoIn: &bytes)
    try await fs.patch("film", at: Int64(bytes.count) - 1, [9], alsoIn: &bytes)
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.objects()["ns/film"] == bytes)
    #expect(sentSize(fs) <= 11 * Self.megabyte)
    #expect(fs.store.calls(.copyPart).count == 1)
  }

  @Test func twoRoundsOfChangesBuildOnEachOther() async throws {
    let fs = try TestVolume()
    var bytes = try await film(24, in: fs)
    for offset in [3, 20, 3, 11] as [Int64] {
      try await fs.patch("film", at: offset * Self.megabyte, [UInt8(offset), 1, 1], alsoIn: &bytes)
      try await fs.drain()
      #expect(try await fs.objects()["ns/film"] == bytes)
    }
    #expect(try await fs.read("film") == bytes)
  }

  @Test func aFileThatWasCutAndGrownKeepsItsHead() async throws {
    let fs = try TestVolume()
    var bytes = try await film(24, in: fs)
    let inode = try await fs.inode("film")
    for size in [13 * Self.megabyte, 15 * Self.megabyte] {
      _ = try await fs.volume.setAttributes(of: inode, AttributeChanges(size: size), handle: nil)
    }
    bytes = Array(bytes.prefix(13 << 20)) + [UInt8](repeating: 0, count: 2 << 20)
    try await fs.drain()
    #expect(try await fs.objects()["ns/film"] == bytes)
    #expect(sentSize(fs) == 2 * Self.megabyte)
    // What the store has copied is not here for that.
    try await fs.crash()
    #expect(try await fs.read("film") == bytes)
  }

  @Test func aCrashForgetsNoChange() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    var bytes = try await film(24, in: fs)
    try await fs.patch("film", at: 2 * Self.megabyte, [5, 5], alsoIn: &bytes)
    let handle = try await fs.open("film", [.read, .write])
    for offset in [22, 11] {
      try fs.write([6, 6], at: Int64(offset) << 20, to: handle)
      bytes.replaceSubrange(offset << 20..<offset << 20 + 2, with: [6, 6])
    }
    fs.options.uploadEnabled = true
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.objects()["ns/film"] == bytes)
    #expect(try await fs.read("film") == bytes)
  }

  @Test func aChangeBesideAnUploadIsSentAfterIt() async throws {
    let fs = try TestVolume()
    var bytes = try await film(24, in: fs)
    let gate = Gate()
    fs.store.inject(.holdAnswer(gate), on: .completeUpload, key: Self.key)
    try await fs.patch("film", at: 2 * Self.megabyte, [5, 5], alsoIn: &bytes)
    await gate.reached()
    try await fs.patch("film", at: 15 * Self.megabyte, [6, 6], alsoIn: &bytes)
    gate.open()
    try await fs.drain()
    #expect(try await fs.objects()["ns/film"] == bytes)
    #expect(try await fs.names() == ["film"])
    #expect(try await fs.read("film") == bytes)
  }

  @Test func aReaderBesideTheReplacementGetsTheFile() async throws {
    let fs = try TestVolume()
    var bytes = try await film(24, in: fs)
    let gate = Gate()
    fs.store.inject(.holdAnswer(gate), on: .completeUpload, key: Self.key)
    try await fs.patch("film", at: 2 * Self.megabyte, [5, 5], alsoIn: &bytes)
    await gate.reached()
    // The store has the new object; here nobody knows it yet.
    let (volume, store) = (fs.volume, fs.store)
    let handle = try await fs.open("film")
    async let tail = volume.read(handle, at: 20 * Self.megabyte, count: 1_000)
    while store.calls(.get).allSatisfy({ $0.range?.lowerBound ?? 0 < 8 * Self.megabyte }) {
      await Task.yield()
    }
    gate.open()
    #expect(try await tail == Array(bytes[20 << 20..<20 << 20 + 1_000]))
    volume.release(handle)
    #expect(try await fs.read("film") == bytes)
    try await fs.drain()
  }

  @Test func somebodyElsesVersionIsNeverMixedWithOurs() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    var bytes = try await film(24, in: fs)
    #expect(try await fs.read("film") == bytes)
    try await fs.patch("film", at: 2 * Self.megabyte, [5, 5], alsoIn: &bytes)
    let theirs = [UInt8](repeating: 7, count: 24 << 20)
    _ = try await fs.store.put(
      Self.key, BytesSource(theirs), headers: ObjectHeaders(), condition: .none)
    fs.volume.setPaused(false)
    try await fs.drain()
    let objects = try await fs.objects()
    #expect(objects["ns/film"] == theirs)
    #expect(objects.filter { $0.key.hasPrefix("ns/film (conflict here ") }.values.first == bytes)
  }

  @Test(arguments: ["NotImplemented", "MethodNotAllowed", "InvalidRequest", "InvalidArgument"])
  func aStoreThatCopiesNoRangesGetsAllOfIt(code: String) async throws {
    let fs = try TestVolume()
    var bytes = try await film(24, in: fs)
    let refusal = ObjectStoreError(.invalid, code: code, message: "no")
    fs.store.inject(.fail(refusal), on: .copyPart, key: Self.key, times: 1_000)
    try await fs.patch("film", at: 2 * Self.megabyte, [5, 5], alsoIn: &bytes)
    try await fs.drain()
    #expect(try await fs.objects()["ns/film"] == bytes)
  }

  @Test func aDamagedPartSaysNothingAboutCopies() async throws {
    let fs = try TestVolume()
    var bytes = try await film(24, in: fs)
    let damage = ObjectStoreError(.unavailable, code: "BadDigest", message: "no", httpStatus: 400)
    fs.store.inject(.fail(damage), on: .uploadPart, key: Self.key)
    try await fs.patch("film", at: 2 * Self.megabyte, [5, 5], alsoIn: &bytes)
    try await fs.drain()
    #expect(try await fs.objects()["ns/film"] == bytes)
    #expect(fs.volume.context.copiesParts.withLock { $0 })
    #expect(fs.puts().filter { $0.key == Self.key }.count == 1)
  }
}
