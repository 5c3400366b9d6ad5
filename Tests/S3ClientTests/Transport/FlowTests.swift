import ObjectStorage
import Synchronization
import Testing

@testable import CurlHTTP
@testable import S3Client

/// Silence, cancellation, back-pressure and floods over a real connection.
@Suite(.serialized, .timeLimit(.minutes(1))) struct FlowTests {
  private let world = TestWorld()
  private let key = ObjectKey("key")

  @Test func aSilentServerIsGivenUp() async throws {
    let ended = Event()
    let server = try LoopbackServer([
      Reply { peer in
        peer.readToEnd()
        ended.signal()
      }
    ])
    let store = try world.store(port: server.port, stallTimeout: .milliseconds(300))
    let found = await failure { try await store.text() }
    #expect(found?.kind == .unavailable)
    #expect(found?.code == "Stalled")
    #expect(await ended.happens())
  }

  @Test func aServerThatFallsSilentWithinABodyIsGivenUp() async throws {
    let server = try LoopbackServer([
      Reply { peer in
        peer.send(Reply.head(200, Reply.attributes() + ["Content-Length: 100"]) + "half")
        peer.readToEnd()
      }
    ])
    let store = try world.store(port: server.port, stallTimeout: .milliseconds(300))
    #expect(await failure { try await store.text() }?.code == "Stalled")
  }

  /// Long before the stall timeout, which would end the test: the others were answered at once.
  @Test func aReadThatIsLostAmongFastOnesIsRepeated() async throws {
    let lost = Reply { peer in peer.readToEnd() }
    let server = try LoopbackServer(
      Array(repeating: .object("fast"), count: 20) + [lost, .object("again")])
    let store = try world.store(
      port: server.port, retry: TestWorld.threeAttempts, stallTimeout: .seconds(600))
    for _ in 0..<20 { #expect(try await store.text() == "fast") }
    #expect(try await store.text() == "again")
  }

  /// 32 MiB to a reader that stops after the first bytes for longer than a stall may last.
  @Test func aReaderThatPausesHoldsTheServerUpAndIsNoStall() async throws {
    let (blocks, size) = (32, 1 << 20)
    let accepted = Mutex(0)
    let blocked = Event()
    let server = try LoopbackServer([
      Reply { peer in
        let length = "Content-Length: \(blocks * size)"
        peer.send(Reply.head(200, Reply.attributes() + [length]))
        var wasBlocked = false
        // In small pieces: a send that waits is one that nobody takes.
        for _ in 0..<(blocks * 64) {
          if !wasBlocked, peer.isBlocked(for: 1_000) {
            wasBlocked = true
            blocked.signal()
          }
          guard peer.send([UInt8](repeating: 7, count: size / 64)) else { return }
          if !wasBlocked { accepted.withLock { $0 += size / 64 } }
        }
      }
    ])
    let store = try world.store(port: server.port, stallTimeout: .milliseconds(300))
    let download = try await store.get(key, range: nil, ifMatch: nil)
    var total = try await download.body.next()?.count ?? 0
    #expect(await blocked.happens())
    // Our own buffers hold half a megabyte; the kernel's, on both sides, some more.
    #expect(accepted.withLock { $0 } < 16 << 20)
    while let chunk = try await download.body.next() { total += chunk.count }
    #expect(total == blocks * size)
  }

  @Test func cancellingATaskClosesItsConnection() async throws {
    let (begun, ended) = (Event(), Event())
    let server = try LoopbackServer([
      Reply { peer in
        begun.signal()
        peer.readToEnd()
        ended.signal()
      }
    ])
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    let task = Task { await failure { try await store.text() } }
    #expect(await begun.happens())
    task.cancel()
    #expect(await task.value?.kind == .cancelled)
    #expect(await ended.happens())
    #expect(server.requests.count == 1)
  }

  @Test func droppingABodyClosesItsConnection() async throws {
    let ended = Event()
    let server = try LoopbackServer([
      Reply { peer in
        // More than is held back until all of it is here.
        peer.send(Reply.head(200, Reply.attributes() + ["Content-Length: 9999999"]) + "half")
        peer.readToEnd()
        ended.signal()
      }
    ])
    let store = try world.store(port: server.port)
    _ = try await store.get(key, range: nil, ifMatch: nil)
    #expect(await ended.happens())
  }

  @Test func aCancelledBodyGivesNothingMore() async throws {
    let server = try LoopbackServer([.object("body")])
    let store = try world.store(port: server.port)
    // However much of it has come already.
    let download = try await store.get(key, range: nil, ifMatch: nil)
    download.body.cancel()
    #expect(await failure { try await download.body.next() }?.kind == .cancelled)
  }

  /// Sends headers until the client has enough; the number that it took.
  private func flood(with line: String, before start: String) async throws -> Int {
    let taken = Mutex(0)
    let ended = Event()
    let server = try LoopbackServer([
      Reply { peer in
        peer.send(start)
        let block = String(repeating: line, count: 64)
        while peer.send(block) { taken.withLock { $0 += block.utf8.count } }
        ended.signal()
      }
    ])
    let store = try world.store(port: server.port)
    let found = await failure { try await store.text() }
    #expect(found?.kind == .unavailable)
    #expect(found?.code == "InvalidAnswer")
    #expect(await ended.happens())
    return taken.withLock { $0 }
  }

  @Test func aFloodOfHeadersIsCutOff() async throws {
    let line = "X-Bomb: \(String(repeating: "b", count: 1_000))\r\n"
    // What the client takes is 128 KiB; the rest lies in the buffers of two sockets.
    #expect(try await flood(with: line, before: "HTTP/1.1 200 OK\r\n") < 16 << 20)
  }

  @Test func aFloodOfInterimAnswersIsCutOff() async throws {
    #expect(try await flood(with: "HTTP/1.1 102 Processing\r\n\r\n", before: "") < 16 << 20)
  }

  @Test func anEndlessHeaderIsCutOff() async throws {
    let line = String(repeating: "b", count: 1_000)
    #expect(try await flood(with: line, before: "HTTP/1.1 200 OK\r\nX-Bomb: ") < 16 << 20)
  }

  @Test func anEndlessDocumentIsCutOff() async throws {
    let server = try LoopbackServer([
      Reply { peer in
        peer.send(Reply.head(200, ["Content-Length: 99999999999"]))
        while peer.send([UInt8](repeating: 0x20, count: 1 << 20)) {}
      }
    ])
    let store = try world.store(port: server.port)
    let found = await failure { try await store.createUpload(key, headers: ObjectHeaders()) }
    #expect(found?.code == "InvalidAnswer")
  }

  @Test(arguments: [
    "SSH-2.0-x\r\n", "HTTP/1.1 99 Odd\r\n\r\n", "HTTP/1.1 200 OK\r\nodd\r\n\r\n", "",
  ])
  func whatIsNotHTTPIsNoAnswer(_ answer: String) async throws {
    let server = try LoopbackServer([
      Reply { peer in
        peer.send(answer)
        peer.close()
      }
    ])
    let store = try world.store(port: server.port)
    #expect(await failure { try await store.text() }?.kind == .unavailable)
  }
}
