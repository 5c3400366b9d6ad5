import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// `cache.complete_on_idle`
@Suite(.timeLimit(.minutes(1))) struct CompleterTests {
  private static let length = 20 << 20
  /// What a reader of the beginning fetches himself: his window, in whole blocks.
  private static let ahead = 2 << 20

  /// A film of which somebody has read the beginning, and the pauses in which nobody does.
  private func begun(
    _ pauses: HeldDeadlines, _ configure: (inout VolumeOptions) -> Void = { _ in }
  ) async throws -> TestVolume {
    let fs = try TestVolume(deadlines: pauses) {
      $0.completesOnIdle = true
      $0.uploadEnabled = false
      configure(&$0)
    }
    _ = try await fs.store.put(
      ObjectKey("ns/film"), BytesSource(TestVolume.pattern(Self.length)),
      headers: ObjectHeaders(), condition: .none)
    pauses.arm()
    try await look(fs)
    return fs
  }

  private func look(_ fs: TestVolume) async throws {
    let handle = try await fs.open("film")
    _ = try await fs.volume.read(handle, at: 0, count: 4_096)
    fs.volume.release(handle)
  }

  private func fetched(_ fs: TestVolume) -> Int {
    fs.store.calls(.get).compactMap(\.range).reduce(0) { $0 + $1.count }
  }

  @Test func theRestFollowsWhenNobodyReads() async throws {
    let pauses = HeldDeadlines(of: Completer.pause)
    let fs = try await begun(pauses)
    await pauses.first.reached()
    #expect(fetched(fs) <= Self.ahead)
    pauses.first.open()
    while fetched(fs) < Self.length { await Task.yield() }
    #expect(try await fs.read("film") == TestVolume.pattern(Self.length))
    #expect(fetched(fs) == Self.length)
  }

  @Test func whoReadsMeanwhilePutsItOff() async throws {
    let pauses = HeldDeadlines(of: Completer.pause)
    let fs = try await begun(pauses)
    await pauses.first.reached()
    try await look(fs)
    pauses.first.open()
    await pauses.later.reached()
    #expect(fetched(fs) <= Self.ahead)
  }

  @Test func nothingIsEvictedForIt() async throws {
    let pauses = HeldDeadlines(of: Completer.pause)
    let fs = try await begun(pauses) { $0.cacheSize = 8 << 20 }
    await pauses.first.reached()
    pauses.first.open()
    await pauses.later.reached()
    #expect(fetched(fs) <= Self.ahead)
    #expect(fs.volume.context.statistics.evictions.count == 0)
  }
}
