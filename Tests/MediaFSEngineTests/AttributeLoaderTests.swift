import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

@Suite struct AttributeLoaderTests {
  /// Whoever looks while the attributes are on their way for a neighbour begins a load of its own
  /// when that one has just ended.
  @Test func whatWasLearnedMeanwhileIsNotAskedForAgain() async throws {
    let fs = try TestVolume()
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource([1]), headers: ObjectHeaders(metadata: ["mode": "33152"]),
      condition: .none)
    let context = fs.volume.context
    _ = try await fs.names()
    let child = try context.catalog.child(TestVolume.name("f"), of: .root)
    let seen = try #require(child)
    #expect(!seen.attributesKnown)
    let loader = AttributeLoader(context)
    for _ in 0..<2 {
      let record = try await loader.complete(seen, in: nil, "lookup")
      #expect(record.permissions == 0o600)
    }
    #expect(fs.store.calls(.head).count { $0.key == ObjectKey("ns/f") } == 1)
  }
}
