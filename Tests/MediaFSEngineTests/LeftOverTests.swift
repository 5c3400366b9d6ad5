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
}
