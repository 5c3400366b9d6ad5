import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// Only an answer of the store says that it answers.
@Suite(.timeLimit(.minutes(1))) struct StoreHealthTests {
  @Test func workThatAsksNobodyDoesNotEndAnOutage() async throws {
    let clock = ManualClock()
    // More than are looked at before one delete, so that there is a second batch.
    let names = (0..<60).map { "f\($0)" }
    let fs = try TestVolume(clock: clock) {
      $0.deleteDelay = .seconds(3_600)
      $0.uploadDelay = .seconds(600)
    }
    for name in names + ["open"] { try await fs.write(name, to: name) }
    try await fs.drain()
    for name in names { try await fs.unlink(name) }
    let writer = try await fs.open("open", [.write])
    defer { fs.volume.release(writer) }
    let (context, reconciler) = (fs.volume.context, fs.volume.reconciler)
    let recoveries = Statistics.Counter()
    context.health.onRecovery { recoveries.add(1) }
    fs.store.forgetCalls()
    fs.store.outage = .connectionLost
    clock.advance(by: .seconds(2 * 3_600))
    reconciler.changed.signal()
    let keys = names.map { ObjectKey("ns/" + $0) }
    for key in keys {
      while try context.catalog.tombstone(at: key)?.attempts == 0 { await Task.yield() }
    }
    let since = try #require(context.health.offline?.since)

    // Its turn comes, and it is put off: it is still being written.
    try fs.write(Array("more".utf8), at: 0, to: writer)
    let inode = try await fs.inode("open")
    try context.catalog.postpone(inode, until: .epoch, error: nil)
    clock.advance(by: StoreHealth.probeInterval)
    reconciler.changed.signal()
    while try context.catalog.item(of: inode)?.due == .epoch || reconciler.activeCount.uploads > 0 {
      await Task.yield()
    }
    #expect(context.health.offline?.since == since)
    #expect(recoveries.count == 0)
    #expect(fs.store.calls(.head).count < keys.count, "all were asked for in vain")

    fs.store.outage = nil
    _ = try await context.store.head(ObjectKey("ns/open"))
    #expect(context.health.offline == nil)
    #expect(recoveries.count == 1)
  }

  @Test func anOutageIsAskedForOneItemAtATime() async throws {
    let clock = ManualClock()
    let fs = try TestVolume(clock: clock) {
      $0.uploadDelay = .seconds(600)
      $0.uploadConcurrency = 4
    }
    let (context, reconciler) = (fs.volume.context, fs.volume.reconciler)
    // Behind the probe of the store's features.
    try await fs.write("first", to: "first")
    try await fs.drain()
    for number in 0..<40 { try await fs.write("bytes", to: "f\(number)") }
    fs.store.forgetCalls()
    fs.store.outage = .connectionLost
    clock.advance(by: .seconds(700))
    reconciler.changed.signal()
    while context.health.offline == nil || reconciler.activeCount.uploads > 0 {
      await Task.yield()
    }
    // Those that had begun when the first one found out.
    #expect((1...4).contains(fs.store.calls(.put).count))

    for _ in 0..<3 {
      let (puts, lists) = (fs.store.calls(.put).count, fs.store.calls(.list).count)
      clock.advance(by: StoreHealth.probeInterval)
      reconciler.changed.signal()
      while fs.store.calls(.put).count == puts || reconciler.activeCount.uploads > 0 {
        await Task.yield()
      }
      #expect(fs.store.calls(.put).count == puts + 1)
      #expect(fs.store.calls(.list).count == lists + 1)
    }

    fs.store.outage = nil
    clock.advance(by: StoreHealth.probeInterval)
    try await fs.drain()
    #expect(try await fs.objects().count == 41)
  }

  private static let refusals: [(ObjectStoreError.Kind, status: Int?, isAnswer: Bool)] = [
    (.notFound, 404, true), (.preconditionFailed, 412, true), (.accessDenied, 403, true),
    (.accessDenied, nil, false), (.invalid, 400, true), (.invalid, nil, false),
    (.throttled, 503, false), (.unavailable, 500, false), (.unavailable, nil, false),
    (.cancelled, nil, false),
  ]

  @Test(arguments: refusals)
  func aRefusalIsAnAnswer(
    kind: ObjectStoreError.Kind, status: Int?, isAnswer: Bool
  ) async throws {
    let fs = try TestVolume()
    let context = fs.volume.context
    // Behind the first probe of the store, which is answered.
    try await fs.write("bytes", to: "f")
    try await fs.drain()
    context.health.failed(.connectionLost)
    let error = ObjectStoreError(kind, code: "Test", message: "no", httpStatus: status)
    fs.store.outage = error
    await #expect(throws: ObjectStoreError.self) {
      try await context.store.head(ObjectKey("ns/f"))
    }
    #expect((context.health.offline == nil) == isAnswer)
  }
}
