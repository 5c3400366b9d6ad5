import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// copy_file_range(2): what the store can copy itself neither comes nor goes over the network.
@Suite struct CopyRangeTests {
  private static let size: Int64 = 3 << 20

  /// A volume that uploads nothing until it is told to.
  private func makeVolume() throws -> TestVolume {
    try TestVolume { $0.uploadDelay = .seconds(3_600) }
  }

  private func putForeign(_ fs: TestVolume) async throws -> [UInt8] {
    let bytes = TestVolume.pattern(Int(Self.size))
    _ = try await fs.store.put(
      ObjectKey("ns/a"), BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    return bytes
  }

  /// Waits for the probe of the store, which copies too.
  private func knowStore(_ fs: TestVolume) async throws {
    _ = try await fs.volume.reconciler.conditions.storeFeatures()
  }

  private func create(_ fs: TestVolume, _ name: String) async throws -> FileHandle {
    try await fs.volume.create(
      TestVolume.name(name), in: .root, permissions: 0o640,
      caller: Caller(owner: Owner(user: 1, group: 2)), [.read, .write]
    ).1.handle
  }

  /// All of `a`, in calls of up to `piece` bytes, as cp(1) does.
  private func copy(
    _ fs: TestVolume, to target: FileHandle, piece: Int64 = .max
  ) async throws {
    let source = try await fs.open("a")
    var done: Int64 = 0
    while true {
      let count = try await fs.volume.copyRange(
        from: source, at: done, to: target, at: done, count: piece)
      if count == 0 { break }
      done += count
    }
    try await fs.volume.flush(target)
    fs.volume.release(source)
  }

  @Test(arguments: [Int64.max, 1 << 20, 1_000_001])
  func aCopyOfACleanFileSendsNoBody(piece: Int64) async throws {
    let fs = try makeVolume()
    let bytes = TestVolume.pattern(Int(Self.size))
    try await fs.write("a", bytes)
    try await fs.drain()
    fs.store.forgetCalls()
    let target = try await create(fs, "b")
    try await copy(fs, to: target, piece: piece)
    fs.volume.release(target)
    #expect(try await fs.read("b") == bytes)
    try await fs.drain()
    #expect(fs.puts().isEmpty)
    #expect(fs.store.calls(.createUpload).isEmpty)
    #expect(fs.store.calls(.copy).map(\.key) == [ObjectKey("ns/b")])
    #expect(try await fs.objects() == ["ns/a": bytes, "ns/b": bytes])
    let headers = try await fs.store.head(ObjectKey("ns/b")).headers
    #expect(headers.metadata["mode"] == "\(0o100640)")
  }

  @Test func aCopyThatWasChangedIsSent() async throws {
    let fs = try makeVolume()
    var bytes = TestVolume.pattern(Int(Self.size))
    try await fs.write("a", bytes)
    try await fs.drain()
    let target = try await create(fs, "b")
    try await copy(fs, to: target)
    fs.store.forgetCalls()
    bytes[77] = 1
    try fs.write([1], at: 77, to: target)
    fs.volume.release(target)
    try await fs.drain()
    #expect(try await fs.objects()["ns/b"] == bytes)
    #expect(fs.store.calls(.copy).isEmpty)
  }

  @Test func aChangeBetweenTheCopyAndTheCloseSurvivesACrash() async throws {
    let fs = try makeVolume()
    var bytes = TestVolume.pattern(Int(Self.size))
    try await fs.write("a", bytes)
    try await fs.drain()
    let target = try await create(fs, "b")
    let source = try await fs.open("a")
    _ = try await fs.volume.copyRange(
      from: source, at: 0, to: target, at: 0, count: Self.size)
    bytes[77] = 1
    try fs.write([1], at: 77, to: target)
    try await fs.crash()
    #expect(try await fs.read("b") == bytes)
    try await fs.drain()
    #expect(try await fs.objects()["ns/b"] == bytes)
  }

  @Test func aCopyWhoseSourceIsGoneIsSent() async throws {
    let fs = try makeVolume()
    let bytes = TestVolume.pattern(Int(Self.size))
    try await fs.write("a", bytes)
    try await fs.drain()
    let target = try await create(fs, "b")
    try await copy(fs, to: target)
    fs.volume.release(target)
    try await fs.store.delete(ObjectKey("ns/a"))
    try await fs.drain()
    #expect(try await fs.objects()["ns/b"] == bytes)
  }

  @Test func aDirtySourceIsCopiedAsItIs() async throws {
    let fs = try makeVolume()
    let bytes = TestVolume.pattern(Int(Self.size))
    try await fs.write("a", bytes)
    let target = try await create(fs, "b")
    try await copy(fs, to: target)
    fs.volume.release(target)
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/a": bytes, "ns/b": bytes])
  }

  @Test func aFileThatIsNotHereIsCopiedThere() async throws {
    let fs = try makeVolume()
    let bytes = try await putForeign(fs)
    let target = try await create(fs, "b")
    fs.store.forgetCalls()
    try await copy(fs, to: target)
    fs.volume.release(target)
    #expect(try await fs.attributes("b").size == Self.size)
    #expect(fs.store.calls(.get).isEmpty)
    #expect(fs.volume.context.space.account.used == 0)
    try await fs.drain()
    #expect(fs.store.calls(.get).isEmpty)
    #expect(fs.puts().isEmpty)
    #expect(try await fs.objects() == ["ns/a": bytes, "ns/b": bytes])
    let headers = try await fs.store.head(ObjectKey("ns/b")).headers
    #expect(headers.metadata["mode"] == "\(0o100640)")
    #expect(try await fs.read("b") == bytes)
  }

  @Test func beforeItIsMovedItIsReadFromWhereItLies() async throws {
    let fs = try makeVolume()
    let bytes = try await putForeign(fs)
    let target = try await create(fs, "b")
    try await copy(fs, to: target)
    #expect(
      try await fs.volume.read(target, at: 1 << 20, count: 100)
        == Array(bytes[1 << 20..<(1 << 20) + 100]))
    try fs.write([1, 2], at: 5, to: target)
    try await fs.crash()
    var expected = bytes
    expected.replaceSubrange(5..<7, with: [1, 2])
    #expect(try await fs.read("b") == expected)
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/a": bytes, "ns/b": expected])
  }

  @Test func aCopyOverAnExistingFileReplacesItsObject() async throws {
    let fs = try makeVolume()
    let bytes = try await putForeign(fs)
    try await fs.write("old", to: "b")
    try await fs.drain()
    let target = try await fs.open("b", [.write, .truncate])
    try await copy(fs, to: target)
    fs.volume.release(target)
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/a": bytes, "ns/b": bytes])
    #expect(try await fs.names() == ["a", "b"])
  }

  @Test func whatTheStoreDoesNotCopyIsFetched() async throws {
    let fs = try makeVolume()
    let bytes = try await putForeign(fs)
    try await knowStore(fs)
    fs.store.inject(.fail(.serverError), on: .copy)
    let target = try await create(fs, "b")
    try await copy(fs, to: target)
    fs.volume.release(target)
    #expect(try await fs.read("b") == bytes)
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/a": bytes, "ns/b": bytes])
  }

  @Test func aCopyThatIsNotAdoptedIsDeletedOneDay() async throws {
    let fs = try makeVolume()
    _ = try await putForeign(fs)
    try await knowStore(fs)
    let gate = Gate()
    fs.store.inject(.holdAnswer(gate), on: .copy)
    let target = try await create(fs, "b")
    let source = try await fs.open("a")
    let volume = fs.volume
    let copying = Task {
      try await volume.copyRange(from: source, at: 0, to: target, at: 0, count: Self.size)
    }
    await gate.reached()
    // A writer was faster.
    try fs.write([1], at: 0, to: target)
    gate.open()
    #expect(try await copying.value > 0)
    let later = fs.volume.context.environment.now().advanced(by: .seconds(86_400))
    let due = try fs.volume.context.catalog.dueTombstones(by: later, limit: 10, excluding: [])
    let copies = due.filter { $0.key.text.utf8.starts(with: "ns/.mediafs/copy-".utf8) }
    #expect(copies.count == 1)
    #expect(try await fs.attributes("b").size == Self.size)
  }

  @Test func aPartOfAFileThatIsNotHereIsFetchedAndNoMore() async throws {
    let fs = try makeVolume()
    let bytes = try await putForeign(fs)
    let target = try await create(fs, "b")
    let source = try await fs.open("a")
    #expect(
      try await fs.volume.copyRange(from: source, at: 100, to: target, at: 7, count: 1_000)
        == 1_000)
    #expect(try await fs.read("b") == [UInt8](repeating: 0, count: 7) + bytes[100..<1_100])
    #expect(
      try await fs.volume.copyRange(
        from: source, at: Self.size, to: target, at: 0, count: 10) == 0)
    fs.volume.release(source)
    fs.volume.release(target)
    try await fs.drain()
    #expect(try await fs.objects()["ns/b"] == [UInt8](repeating: 0, count: 7) + bytes[100..<1_100])
  }
}
