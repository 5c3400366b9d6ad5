import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// A change of a file that is not all here has reached the store, and its answer was lost: what is
/// not here comes from the version that is there by now.
@Suite(.timeLimit(.minutes(3))) struct LostDeltaTests {
  private static let megabyte: Int64 = 1 << 20
  private static let key = ObjectKey("ns/film")

  /// What happens to the file before the next attempt.
  struct Further: Sendable, CustomTestStringConvertible {
    var name: String?
    /// Of a patch; with 3 the rest of its part has to be fetched, 8 MiB are parts by themselves.
    var count: Int

    var testDescription: String { "\(count) bytes, \(name ?? "no") other name" }

    static let all = [nil, "movie"].flatMap { name in
      [0, 3, 8 << 20].map { Further(name: name, count: $0) }
    }
  }

  /// A paused volume whose first change of a remote file is at the store, which nobody knows here.
  /// The file has become longer with it.
  private func arrived() async throws -> (TestVolume, [UInt8]) {
    let fs = try TestVolume { $0.uploadEnabled = false }
    var bytes = TestVolume.pattern(30 << 20)
    try await put(bytes, at: Self.key, in: fs)
    let begun = Gate()
    fs.store.inject(.hold(begun), on: .createUpload, key: Self.key)
    fs.store.inject(.loseAnswer(.connectionLost), on: .completeUpload, key: Self.key)
    try await fs.patch("film", at: 10 * Self.megabyte, [5, 5, 5], alsoIn: &bytes)
    try await fs.patch("film", at: Int64(bytes.count), [6, 6, 6], alsoIn: &bytes)
    fs.volume.setPaused(false)
    await begun.reached()
    fs.volume.setPaused(true)
    begun.open()
    while fs.volume.reconciler.activeCount.uploads > 0 { await Task.yield() }
    #expect(try await fs.objects()["ns/film"] == bytes)
    return (fs, bytes)
  }

  private func put(_ bytes: [UInt8], at key: ObjectKey, in fs: TestVolume) async throws {
    _ = try await fs.store.put(
      key, BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
  }

  private func finish(_ fs: TestVolume) async throws {
    fs.volume.setPaused(false)
    _ = try fs.volume.retry(beneath: nil)
    try await fs.volume.reconciler.drain(beneath: .root, "flush", limit: .seconds(60))
  }

  @Test(arguments: Further.all)
  func theNextAttemptBuildsOnIt(further: Further) async throws {
    var (fs, bytes) = try await arrived()
    if further.count > 0 {
      let ours = [UInt8](repeating: 8, count: further.count)
      try await fs.patch("film", at: 15 * Self.megabyte, ours, alsoIn: &bytes)
    }
    if let name = further.name { try await fs.rename("film", to: name) }
    try await finish(fs)
    let name = further.name ?? "film"
    #expect(try await fs.objects() == ["ns/" + name: bytes])
    #expect(try await fs.names() == [name])
    #expect(try await fs.read(name) == bytes)
  }

  @Test func whateverShapeTheFileHasByThen() async throws {
    var (fs, bytes) = try await arrived()
    let inode = try await fs.inode("film")
    for size in [20, 24] {
      _ = try await fs.volume.setAttributes(
        of: inode, AttributeChanges(size: Int64(size) << 20), handle: nil)
    }
    bytes = Array(bytes.prefix(20 << 20)) + [UInt8](repeating: 0, count: 4 << 20)
    let handle = try await fs.open("film", [.read, .write])
    try fs.volume.allocate(handle, 10 * Self.megabyte..<12 * Self.megabyte, .punchHole)
    bytes.replaceSubrange(10 << 20..<12 << 20, with: [UInt8](repeating: 0, count: 2 << 20))
    let copied = try await fs.volume.copyRange(
      from: handle, at: 0, to: handle, at: 17 * Self.megabyte, count: Self.megabyte)
    #expect(copied == Self.megabyte)
    bytes.replaceSubrange(17 << 20..<18 << 20, with: bytes[..<(1 << 20)])
    try await fs.volume.flush(handle)
    fs.volume.release(handle)
    try await finish(fs)
    #expect(try await fs.objects() == ["ns/film": bytes])
    #expect(try await fs.read("film") == bytes)
  }

  @Test func aCrashInBetweenChangesNothing() async throws {
    var (fs, bytes) = try await arrived()
    try await fs.patch("film", at: 15 * Self.megabyte, [8, 8, 8], alsoIn: &bytes)
    try await fs.crash()
    try await finish(fs)
    #expect(try await fs.objects() == ["ns/film": bytes])
    #expect(try await fs.read("film") == bytes)
  }

  @Test(arguments: [false, true])
  func aReaderGetsWhatIsNotHere(isDeleted: Bool) async throws {
    let (fs, bytes) = try await arrived()
    let handle = try await fs.open("film")
    if isDeleted { try await fs.unlink("film") }
    let tail = try await fs.volume.read(handle, at: 20 * Self.megabyte, count: 1_000)
    #expect(tail == Array(bytes[20 << 20..<20 << 20 + 1_000]))
    fs.volume.release(handle)
    try await finish(fs)
    #expect(try await fs.objects() == (isDeleted ? [:] : ["ns/film": bytes]))
  }

  @Test func whoTakesItsPlaceMakesNoConflict() async throws {
    let (fs, bytes) = try await arrived()
    let film = try await fs.inode("film")
    try await fs.write("other", [7])
    let other = try await fs.inode("other")
    try await fs.rename("film", to: "other", .exchange)
    let catalog = fs.volume.context.catalog
    let later = fs.volume.context.environment.now().advanced(by: .seconds(3_600))
    try catalog.postpone(film, until: later, error: "put off by the test")
    fs.volume.setPaused(false)
    while try catalog.item(of: other) != nil { await Task.yield() }
    try await finish(fs)
    #expect(try await fs.objects() == ["ns/film": [7], "ns/other": bytes])
    #expect(try await fs.names() == ["film", "other"])
  }

  @Test func attributesThatHaveArrivedMoveAlong() async throws {
    // No pause between two attempts ends before the test says so.
    let clock = ManualClock()
    let fs = try TestVolume(clock: clock) { $0.uploadEnabled = false }
    let bytes = TestVolume.pattern(1_000)
    try await put(bytes, at: Self.key, in: fs)
    _ = try await fs.volume.setAttributes(
      of: fs.inode("film"), AttributeChanges(permissions: 0o600), handle: nil)
    fs.store.inject(.loseAnswer(.connectionLost), on: .copy, key: Self.key)
    fs.volume.setPaused(false)
    let film = try await fs.inode("film")
    while try fs.volume.context.catalog.item(of: film)?.attempts == 0 { await Task.yield() }
    try await fs.rename("film", to: "movie")
    // The store is asked again whether it answers.
    clock.advance(by: StoreHealth.probeInterval)
    try await finish(fs)
    #expect(try await fs.objects() == ["ns/movie": bytes])
    #expect(try await fs.attributes("movie").permissions == 0o600)
  }
}
