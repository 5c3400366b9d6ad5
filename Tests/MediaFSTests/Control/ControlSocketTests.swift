import Logging
import MediaFSControl
import MediaFSEngine
import MediaFSTesting
import PosixIO
import Synchronization
import SystemPackage
import Testing

/// A server on a real socket in a directory of its own.
private final class Served: Sendable {
  let directory: TemporaryDirectory
  let control: FakeControl
  let server: ControlServer
  /// Not Swift's own pool: the clients below block that.
  private let executor = BlockingExecutor(name: "flush", maximumThreads: 1)
  let shutdowns = Counter()

  init(_ control: FakeControl = FakeControl()) throws {
    directory = try TemporaryDirectory()
    self.control = control
    server = try ControlServer(
      path: directory.path + "/control.sock", control: control, executor: executor,
      log: Logger(label: "test")
    ) { [shutdowns] in shutdowns.value.withLock { $0 += 1 } }
  }

  final class Counter: Sendable {
    let value = Mutex(0)
  }

  var path: String { directory.path + "/control.sock" }

  deinit { server.close() }
}

/// Some wait for what a broken server would never do, hence the limit.
@Suite(.timeLimit(.minutes(1))) struct ControlSocketTests {
  @Test func answersEveryQuestion() throws {
    let served = try Served()
    let client = try ControlClient(path: served.path)
    #expect(try client.ask(.status) == .status(volume: .example))
    #expect(
      try client.ask(.pending(path: "a")) == .pending(left: .init(files: 3, bytes: 300)))
    #expect(try client.ask(.pause) == .done)
    #expect(served.control.isPaused)
    #expect(try client.ask(.resume) == .done)
    #expect(!served.control.isPaused)
    #expect(try client.ask(.retry(path: nil)) == .retried(items: 2))
    for repairing in [false, true] {
      let reply = try client.ask(.verify(path: nil, repairing: repairing))
      guard case .verified(let found) = reply else {
        Issue.record("\(reply)")
        continue
      }
      #expect(found.damagedBlocks == 2 && found.isIntact == repairing)
    }
    #expect(try client.ask(.shutdown) == .done)
    // The hook comes after the answer; the next answer comes after the hook.
    #expect(try client.ask(.pause) == .done)
    #expect(served.shutdowns.value.withLock { $0 } == 1)
  }

  @Test func passesErrorsOn() throws {
    let served = try Served()
    let client = try ControlClient(path: served.path)
    #expect(throws: ControlFailure(code: 2, message: "missing does not exist")) {
      try client.ask(.retry(path: "missing"))
    }
    #expect(try client.ask(.pause) == .done, "the connection goes on after an error")
  }

  @Test func flushTellsItsProgressAndEnds() throws {
    let served = try Served()
    let client = try ControlClient(path: served.path)
    var told: [VolumeStatus.Count] = []
    let reply = try client.ask(.flush(path: "a/b")) { left in
      told.append(left)
      served.control.finishFlush()
    }
    #expect(reply == .done)
    #expect(told.first == VolumeStatus.Count(files: 3, bytes: 300))
    #expect(served.control.flushed == ["a/b"])
  }

  @Test func failedFlushSaysWhy() throws {
    let served = try Served(FakeControl(flushFails: true))
    let client = try ControlClient(path: served.path)
    #expect(throws: ControlFailure(code: 5, message: "2 items are parked")) {
      try client.ask(.flush(path: nil))
    }
  }

  @Test func clientThatGoesAwayEndsItsFlush() async throws {
    let served = try Served()
    try RawClient(path: served.path).send(#"{"flush":{}}"# + "\n")
    await served.control.flushWasCancelled()
  }

  @Test func impatientClientEndsItsFlush() async throws {
    let served = try Served()
    do {
      let client = try ControlClient(path: served.path)
      #expect(throws: ControlClient.TimedOut.self) {
        try client.ask(.flush(path: nil), patience: .milliseconds(1))
      }
    }
    await served.control.flushWasCancelled()
  }

  @Test func nonsenseEndsOnlyItsOwnConnection() throws {
    let served = try Served()
    let hostile = try RawClient(path: served.path)
    try hostile.send("GET / HTTP/1.1\r\n\r\n")
    #expect(try hostile.readToEnd().contains("not a request"))
    #expect(try ControlClient(path: served.path).ask(.pause) == .done)
  }

  @Test func endlessLineIsCutOff() throws {
    let served = try Served()
    let hostile = try RawClient(path: served.path)
    let piece = String(repeating: "x", count: 64 << 10)
    #expect(throws: Errno.self) {
      for _ in 0..<1_000 { try hostile.send(piece) }
    }
    #expect(try ControlClient(path: served.path).ask(.pause) == .done)
  }

  @Test func crowdIsTurnedAway() throws {
    let served = try Served()
    let crowd = try (0..<32).map { _ in
      let client = try ControlClient(path: served.path)
      _ = try client.ask(.pause)
      return client
    }
    #expect(throws: ControlClient.Failure.self) {
      try ControlClient(path: served.path).ask(.pause)
    }
    #expect(try crowd.last?.ask(.pause) == .done)
  }

  @Test func quiescingRefusesRequestsAndKeepsConnections() async throws {
    let served = try Served()
    let client = try ControlClient(path: served.path)
    #expect(try client.ask(.pause) == .done)
    await served.server.quiesce()
    #expect(throws: ControlFailure.self) { try client.ask(.pause) }
    served.server.close()
    #expect(client.waitForEnd(patience: .seconds(60)))
  }

  @Test func socketIsPrivateAndRemoved() throws {
    let served = try Served()
    #expect(try permissions(of: served.path) == 0o600)
    served.server.close()
    #expect(throws: Errno.noSuchFileOrDirectory) { try permissions(of: served.path) }
    #expect(throws: ControlClient.Failure.self) { try ControlClient(path: served.path) }
  }
}
