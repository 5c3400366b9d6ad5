import MediaFSCatalog
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// An object whose upload was answered to nobody, of a file that is gone by then.
@Suite struct LeftOverTests {
  /// Another file takes the name: what lies there is no object of its.
  @Test(arguments: [false, true]) func aFileThatTakesItsNameKeepsItsOwnBytes(
    isChanged: Bool
  ) async throws {
    let fs = try TestVolume { $0.deleteDelay = .seconds(600) }
    var bytes = TestVolume.pattern(33 << 20)
    _ = try await fs.store.put(
      ObjectKey("ns/x"), BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    fs.store.inject(.loseAnswer(.connectionLost), on: .put, key: ObjectKey("ns/b"))
    try await fs.write("of another", to: "b")
    let (catalog, other) = (fs.volume.context.catalog, try await fs.inode("b"))
    while try catalog.item(of: other)?.attempts == 0 { await Task.yield() }
    try await fs.unlink("b")
    #expect(try await fs.objects()["ns/b"] == Array("of another".utf8))
    if isChanged {
      try await fs.patch("x", at: 20 << 20, [1, 2, 3], alsoIn: &bytes)
    }
    try await fs.rename("x", to: "b")
    try await fs.drain()
    #expect(try await fs.objects()["ns/b"] == bytes)
    #expect(try await fs.read("b") == bytes)
    #expect(try await fs.names() == ["b"])
  }

  /// An upload to "f" that fails, of a file that is renamed before the next attempt.
  private func volume(_ fault: StoreFault) async throws -> TestVolume {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    fs.store.inject(fault, on: .put, key: ObjectKey("ns/f"))
    try await fs.write("ours", to: "f")
    let (catalog, inode) = (fs.volume.context.catalog, try await fs.inode("f"))
    while try catalog.item(of: inode)?.attempts == 0 { await Task.yield() }
    try await fs.rename("f", to: "g")
    try await fs.drain()
    return fs
  }

  @Test(.timeLimit(.minutes(1))) func whatOthersPutThereIsSeen() async throws {
    let fs = try await volume(.fail(.serverError))
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource(Array("theirs".utf8)), headers: ObjectHeaders(),
      condition: .none)
    while try await fs.names() != ["f", "g"] { try Task.checkCancellation() }
    #expect(try await fs.read("f") == Array("theirs".utf8))
  }

  /// Its metadata still says which file it is, and that was once to be written there.
  @Test(.timeLimit(.minutes(1))) func whatOthersMoveThereIsSeen() async throws {
    let fs = try await volume(.fail(.serverError))
    let (old, new) = (ObjectKey("ns/g"), ObjectKey("ns/f"))
    _ = try await fs.store.copy(
      from: old, sourceMatch: nil, to: new, headers: nil, condition: .absent)
    try await fs.store.delete(old)
    while try await fs.names() != ["f"] { try Task.checkCancellation() }
    #expect(try await fs.read("f") == Array("ours".utf8))
  }

  @Test(.timeLimit(.minutes(1))) func aDirectoryThatOthersMakeThereIsSeen() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    fs.store.inject(.fail(.serverError), on: .put, key: ObjectKey("ns/d/f"))
    try await fs.makeDirectory("d")
    try await fs.write("ours", to: "d/f")
    let (catalog, inode) = (fs.volume.context.catalog, try await fs.inode("d/f"))
    while try catalog.item(of: inode)?.attempts == 0 { await Task.yield() }
    try await fs.rename("d", to: "e")
    try await fs.drain()
    _ = try await fs.store.put(
      ObjectKey("ns/d/x"), BytesSource(Array("theirs".utf8)), headers: ObjectHeaders(),
      condition: .none)
    while try await fs.names() != ["d", "e"] { try Task.checkCancellation() }
    #expect(try await fs.read("d/x") == Array("theirs".utf8))
  }

  @Test(.timeLimit(.minutes(1))) func whatWasSentStaysHiddenAndIsLookedAtOnce() async throws {
    let fs = try await volume(.loseAnswer(.connectionLost))
    let key = ObjectKey("ns/f")
    let looks = { fs.store.calls(.head).filter { $0.key == key }.count }
    let before = looks()
    while try fs.volume.context.catalog.tombstone(at: key)?.etag == nil {
      #expect(try await fs.names() == ["g"])
      try Task.checkCancellation()
    }
    for _ in 0..<10 { #expect(try await fs.names() == ["g"]) }
    // And once more at most, for a listing that was under way.
    #expect(1...2 ~= looks() - before)
  }
}
