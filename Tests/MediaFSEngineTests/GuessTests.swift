import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// What is asked for while its directory is being listed.
@Suite struct GuessTests {
  private static let key = ObjectKey("ns/f.jpg")

  private static func volume() throws -> TestVolume {
    try TestVolume {
      $0.fetchesFirstBytes = true
      $0.uploadEnabled = false
    }
  }

  private static func put(_ bytes: [UInt8], in fs: TestVolume) async throws {
    _ = try await fs.store.put(
      key, BytesSource(bytes), headers: ObjectHeaders(metadata: ["mode": "33152"]),
      condition: .none)
    fs.store.forgetCalls()
  }

  @Test(arguments: [0, 10, 65_536, 200_000])
  func aNewNameIsOneRoundTrip(size: Int) async throws {
    let fs = try Self.volume()
    let bytes = TestVolume.pattern(size)
    try await Self.put(bytes, in: fs)
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .list)
    let volume = fs.volume
    async let entry = volume.lookup(TestVolume.name("f.jpg"), in: .root)
    await gate.reached()
    while fs.store.calls(.get).isEmpty { await Task.yield() }
    gate.open()
    #expect(try await entry.attributes.permissions == 0o600)
    let handle = try await fs.open("f.jpg")
    let beginning = try await volume.read(handle, at: 0, count: 100)
    #expect(beginning == Array(bytes.prefix(100)))
    // Of an empty object there are no bytes that tell its attributes.
    #expect(fs.store.calls(.head).count == (size == 0 ? 1 : 0))
    #expect(try await fs.read("f.jpg") == bytes)
    volume.release(handle)
  }

  @Test func anotherVersionThanTheListedOneIsNotTaken() async throws {
    let fs = try Self.volume()
    try await Self.put(TestVolume.pattern(5_000), in: fs)
    let (listing, answer) = (Gate(), Gate())
    fs.store.inject(.hold(listing), on: .list)
    fs.store.inject(.holdAnswer(answer), on: .get)
    let volume = fs.volume
    async let entry = volume.lookup(TestVolume.name("f.jpg"), in: .root)
    await listing.reached()
    await answer.reached()
    let bytes = TestVolume.pattern(6_000).map { $0 ^ 1 }
    try await Self.put(bytes, in: fs)
    listing.open()
    answer.open()
    #expect(try await entry.attributes.size == 6_000)
    #expect(try await fs.read("f.jpg") == bytes)
  }

  @Test func whatIsNotThereIsNot() async throws {
    let fs = try Self.volume()
    let found = await #expect(throws: FileSystemError.self) {
      try await fs.volume.lookup(TestVolume.name("none.jpg"), in: .root)
    }
    #expect(found?.errno == .noSuchFileOrDirectory)
  }

  /// A directory, mostly.
  @Test(arguments: ["album", ".hidden"])
  func whatDoesNotLookLikeAFileIsNotAskedFor(_ name: String) async throws {
    let fs = try Self.volume()
    _ = try? await fs.volume.lookup(TestVolume.name(name), in: .root)
    #expect(fs.store.calls(.list).count == 1 && fs.store.calls(.get).isEmpty)
  }

  @Test func whereThereIsAListingItTells() async throws {
    let fs = try Self.volume()
    #expect(try await fs.names().isEmpty)
    _ = try? await fs.volume.lookup(TestVolume.name("none.jpg"), in: .root)
    #expect(fs.store.calls(.get).isEmpty)
  }
}
