import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// Stores that take conditions and do not look at them.
@Suite struct UncheckedStoreTests {
  @Test(arguments: [("a", "b"), ("b", "a")])
  func whatSomebodyElseWroteIsNotMovedAsOurs(first: String, second: String) async throws {
    let store = FaultStore(MemoryObjectStore(), conditions: .ignored)
    let fs = try TestVolume(store: store) { $0.uploadConcurrency = 1 }
    for name in ["a", "b"] { try await fs.write(name, to: name) }
    try await fs.drain()
    fs.volume.setPaused(true)
    try await fs.rename(first, to: second, .exchange)
    _ = try await fs.store.put(
      ObjectKey("ns/b"), BytesSource(Array("theirs".utf8)), headers: ObjectHeaders(),
      condition: .none)
    fs.volume.setPaused(false)
    try await fs.drain()
    var files = try await fs.files()
    #expect(files.removeValue(forKey: "ns/b") == "theirs")
    #expect(files.removeValue(forKey: "ns/a") == "b")
    #expect(files.values.sorted() == ["a"])
  }
}
