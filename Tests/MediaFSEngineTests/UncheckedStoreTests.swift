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

  enum Way: CaseIterable {
    case move, upload
  }

  /// Where conditions hold for uploads in parts alone, they make copies safe as well; and one that
  /// takes long looks when it ends, not when it begins.
  @Test(arguments: Way.allCases)
  func whatComesBetweenIsNotReplaced(way: Way) async throws {
    let isMove = way == .move
    let store = FaultStore(
      MemoryObjectStore(), conditions: isMove ? .ignoredOnCopies : .ignored)
    let fs = try TestVolume(store: store) { $0.uploadPartSize = 5 << 20 }
    let gate = Gate()
    let large = TestVolume.pattern(40 << 20)
    if isMove {
      try await fs.write("ours", to: "a")
      try await fs.drain()
      store.inject(.holdAnswer(gate), on: .copyPart)
      try await fs.rename("a", to: "b")
    } else {
      fs.volume.setPaused(true)
      try await fs.write("b", large)
      store.inject(.hold(gate), on: .uploadPart, key: ObjectKey("ns/b"))
      fs.volume.setPaused(false)
    }
    await gate.reached()
    _ = try await store.put(
      ObjectKey("ns/b"), BytesSource(Array("theirs".utf8)), headers: ObjectHeaders(),
      condition: .none)
    gate.open()
    try await fs.drain()
    var objects = try await fs.objects()
    #expect(objects.removeValue(forKey: "ns/b") == Array("theirs".utf8))
    #expect(Array(objects.values) == [isMove ? Array("ours".utf8) : large])
    #expect(fs.volume.context.statistics.conflicts.count == 1)
  }
}
