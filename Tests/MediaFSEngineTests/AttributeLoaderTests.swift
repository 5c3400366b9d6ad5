import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

@Suite struct AttributeLoaderTests {
  /// With no other requests than those of readers.
  private static func volume() throws -> TestVolume {
    try TestVolume {
      $0.fetchesFirstBytes = true
      $0.uploadEnabled = false
    }
  }

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

  /// Who looks at one file alone is about to read it: its first bytes come with its attributes.
  @Test func aSmallFileIsOneRequest() async throws {
    let fs = try Self.volume()
    let bytes = TestVolume.pattern(5_000)
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource(bytes), headers: ObjectHeaders(metadata: ["mode": "33152"]),
      condition: .none)
    fs.store.forgetCalls()
    #expect(try await fs.attributes("f").permissions == 0o600)
    #expect(try await fs.read("f") == bytes)
    #expect(fs.store.calls(.get).map(\.key) == [ObjectKey("ns/f")])
    #expect(fs.store.calls(.head).isEmpty)
  }

  /// What has become another object, and is not read, shows nothing of the one before.
  @Test func firstBytesAreThoseOfTheirVersion() async throws {
    let fs = try Self.volume()
    let (old, new) = (TestVolume.pattern(5_000), TestVolume.pattern(200_000))
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource(old), headers: ObjectHeaders(), condition: .none)
    #expect(try await fs.attributes("f").size == 5_000)
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource(new), headers: ObjectHeaders(), condition: .none)
    try await fs.volume.refresher.list(.root)
    #expect(try await fs.read("f") == new)
  }

  /// Who has just read a directory looks at all that is in it, and reads nothing.
  @Test func whoBrowsesGetsNoBytes() async throws {
    let fs = try Self.volume()
    for number in 0..<3 {
      _ = try await fs.store.put(
        ObjectKey("ns/\(number)"), BytesSource([1]), headers: ObjectHeaders(), condition: .none)
    }
    for name in try await fs.names() { _ = try await fs.attributes(name) }
    #expect(fs.store.calls(.get).isEmpty)
    #expect(fs.store.calls(.head).count == 3)
  }

  /// Where files are looked at and not read, no more of them is fetched than of some.
  @Test func whatNobodyReadsIsNotFetchedForLong() async throws {
    let fs = try Self.volume()
    for number in 0..<40 {
      _ = try await fs.store.put(
        ObjectKey("ns/\(number)/f"), BytesSource([1]), headers: ObjectHeaders(), condition: .none)
    }
    for number in 0..<20 { _ = try await fs.attributes("\(number)/f") }
    #expect(fs.store.calls(.get).count == 4)
    for number in 0..<20 { _ = try await fs.read("\(number)/f") }
    fs.store.forgetCalls()
    for number in 20..<40 { _ = try await fs.read("\(number)/f") }
    #expect(fs.store.calls(.get).count == 20)
    #expect(fs.store.calls(.head).allSatisfy { $0.key.text.utf8.last == UInt8(ascii: "/") })
  }

  /// One request that fails is no outage while the store answers others.
  @Test func badLuckIsNoOutage() async throws {
    let fs = try Self.volume()
    for name in ["f", "g"] {
      _ = try await fs.store.put(
        ObjectKey("ns/\(name)"), BytesSource([1]), headers: ObjectHeaders(), condition: .none)
    }
    _ = try await fs.names()
    let gate = Gate()
    fs.store.inject(.holdThenFail(gate, .connectionLost), on: .head, key: ObjectKey("ns/f"))
    // Its neighbour is asked for along with it.
    #expect(try await fs.attributes("g").size == 1)
    while !fs.store.calls(.head).contains(where: { $0.key == ObjectKey("ns/f") }) {
      await Task.yield()
    }
    _ = try await fs.volume.context.store.head(ObjectKey("ns/g"))
    gate.open()
    #expect(try await fs.attributes("f").size == 1)
    #expect(fs.volume.context.health.offline == nil)
    #expect(fs.store.calls(.head).count { $0.key == ObjectKey("ns/f") } == 2)
  }
}
