import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// A file of which only a part is here was changed, and somebody else replaces its object before
/// the upload.
@Suite struct ReplacedBaseTests {
  private static let megabyte: Int64 = 1 << 20
  private static let theirs = [UInt8](repeating: 7, count: 1_000)

  /// A remote file that has a patch here.
  private func patched(
    _ patch: [UInt8], in fs: TestVolume
  ) async throws -> (old: [UInt8], handle: FileHandle) {
    let bytes = TestVolume.pattern(24 << 20)
    try await put(bytes, in: fs)
    let handle = try await fs.open("film", [.read, .write])
    try fs.write(patch, at: 8 * Self.megabyte, to: handle)
    try await fs.volume.flush(handle)
    return (bytes, handle)
  }

  private func put(_ bytes: [UInt8], in fs: TestVolume) async throws {
    _ = try await fs.store.put(
      ObjectKey("ns/film"), BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
  }

  /// The only thing that is parked, once everything else is done.
  private func parked(_ fs: TestVolume) async throws -> VolumeStatus.Parked {
    fs.volume.setPaused(false)
    await expectError(.ioError) {
      try await fs.volume.reconciler.drain(beneath: .root, "flush", limit: .seconds(60))
    }
    let parked = try fs.volume.status().parked
    #expect(parked.count == 1)
    return try #require(parked.first)
  }

  /// With 3 bytes the rest of their part has to be fetched first; 8 MiB are parts by themselves.
  @Test(arguments: [3, 8 << 20])
  func whatIsHereIsKeptBesideTheOtherVersionAndParked(count: Int) async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    let patch = [UInt8](repeating: 5, count: count)
    var (ours, handle) = try await patched(patch, in: fs)
    try await put(Self.theirs, in: fs)
    let item = try await parked(fs)
    #expect(item.path.hasPrefix("film (conflict here "))
    #expect(item.error.contains("write what is missing"))
    #expect(try await fs.get("user.mediafs.error", of: item.path) == Array(item.error.utf8))
    #expect(try await fs.names() == [item.path, "film"].sorted())
    #expect(try await fs.read("film") == Self.theirs)
    #expect(try await fs.objects() == ["ns/film": Self.theirs])
    for reader in [handle, try await fs.open(item.path)] {
      let part = try await fs.volume.read(reader, at: 8 * Self.megabyte, count: 3)
      #expect(part == [5, 5, 5])
      await expectError(.staleNFSFileHandle) {
        _ = try await fs.volume.read(reader, at: 0, count: 3)
      }
      fs.volume.release(reader)
    }
    // The cure: whoever has the old bytes writes them.
    ours.replaceSubrange(8 << 20..<(8 << 20) + count, with: patch)
    handle = try await fs.open(item.path, [.write])
    try fs.write(Array(ours[..<(8 << 20)]), at: 0, to: handle)
    let end = (8 << 20) + count
    try fs.write(Array(ours[end...]), at: Int64(end), to: handle)
    try await fs.volume.flush(handle)
    fs.volume.release(handle)
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/film": Self.theirs, "ns/" + item.path: ours])
  }

  @Test func aCrashForgetsNeitherThePatchNorThatItIsAlone() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    let (_, handle) = try await patched([5, 5, 5], in: fs)
    fs.volume.release(handle)
    try await put(Self.theirs, in: fs)
    let item = try await parked(fs)
    try await fs.crash()
    #expect(try fs.volume.status().parked.map(\.path) == [item.path])
    let reader = try await fs.open(item.path)
    #expect(try await fs.volume.read(reader, at: 8 * Self.megabyte, count: 3) == [5, 5, 5])
    await expectError(.staleNFSFileHandle) {
      _ = try await fs.volume.read(reader, at: 0, count: 3)
    }
    fs.volume.release(reader)
    try await fs.unlink(item.path)
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/film": Self.theirs])
  }

  @Test(arguments: [3, 8 << 20])
  func aRenamedFileIsParkedUnderItsName(count: Int) async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    let (_, handle) = try await patched([UInt8](repeating: 5, count: count), in: fs)
    try await fs.rename("film", to: "movie")
    try await put(Self.theirs, in: fs)
    #expect(try await parked(fs).path == "movie")
    #expect(try await fs.volume.read(handle, at: 8 * Self.megabyte, count: 3) == [5, 5, 5])
    #expect(try await fs.objects() == ["ns/film": Self.theirs])
    fs.volume.release(handle)
  }

  @Test func aRenamedFileThatIsAllHereGoesUpWhole() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    let patch = [UInt8](repeating: 5, count: 8 << 20)
    let bytes = TestVolume.pattern(40 << 20)
    try await put(bytes, in: fs)
    #expect(try await fs.read("film") == bytes)
    let handle = try await fs.open("film", [.write])
    try fs.write(patch, at: 8 * Self.megabyte, to: handle)
    try await fs.volume.flush(handle)
    fs.volume.release(handle)
    try await fs.rename("film", to: "movie")
    try await put(Self.theirs, in: fs)
    fs.volume.setPaused(false)
    try await fs.volume.reconciler.drain(beneath: .root, "flush", limit: .seconds(60))
    let ours = bytes[..<(8 << 20)] + patch + bytes[(16 << 20)...]
    #expect(try await fs.objects() == ["ns/film": Self.theirs, "ns/movie": Array(ours)])
  }
}
