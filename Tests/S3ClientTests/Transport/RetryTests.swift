import Dispatch
import ObjectStorage
import Testing

@testable import S3Client

/// What the client does when a call does not go as it should, over a real connection.
@Suite(.serialized, .timeLimit(.minutes(1))) struct RetryTests {
  private let world = TestWorld()
  private let key = ObjectKey("key")

  @Test func anAttemptIsSignedAnew() async throws {
    let server = try LoopbackServer([.error(503, "SlowDown"), .answer(500), .object("x")])
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    #expect(try await store.text() == "x")
    #expect(world.waits == [.seconds(1), .seconds(2)])
    let dates = server.requests.map { $0.headers["x-amz-date"] }
    #expect(dates == ["20130524T000001Z", "20130524T000002Z", "20130524T000003Z"])
    #expect(Set(server.requests.map { $0.headers["authorization"] }).count == 3)
    #expect(store.requestCounts == ["GetObject": 3])
  }

  /// What it may have begun has to be looked for, which only the caller can.
  @Test func anUploadThatMayHaveBegunIsNotBegunAgain() async throws {
    let server = try LoopbackServer([.error(503, "SlowDown"), .hangUp, .answer(500)])
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    let found = await failure { try await store.createUpload(key, headers: ObjectHeaders()) }
    #expect(found?.kind == .unavailable)
    #expect(server.requests.count == 2)
  }

  @Test func attemptsAreBounded() async throws {
    let server = try LoopbackServer(Array(repeating: .error(503, "SlowDown"), count: 5))
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    let found = await failure { try await store.text() }
    #expect(found?.kind == .throttled)
    #expect(server.requests.count == 3)
    // Three times half of four connections, and never none.
    #expect(store.concurrency == 1)
  }

  @Test(arguments: [
    (403, "AccessDenied"), (404, "NoSuchKey"), (400, "InvalidRequest"), (404, "NoSuchBucket"),
  ])
  func whatWillNotChangeIsNotRetried(_ status: Int, _ code: String) async throws {
    let server = try LoopbackServer([.error(status, code)])
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    #expect(await failure { try await store.text() }?.code == code)
    #expect(server.requests.count == 1)
    #expect(world.waits.isEmpty)
  }

  @Test func aLostConnectionIsRetried() async throws {
    let server = try LoopbackServer([.hangUp, .object("x")])
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    #expect(try await store.text() == "x")
    #expect(server.connectionCount == 2)
  }

  @Test func nobodyListening() async throws {
    let refused = try Socket(isListening: false)
    let store = try world.store(port: refused.port, retry: TestWorld.threeAttempts)
    let found = await failure { try await store.text() }
    #expect(found?.kind == .unavailable)
    #expect(found?.code == "CouldNotConnect")
    #expect(world.waits.count == 2)
  }

  @Test func aRedirectIsNotFollowed() async throws {
    let elsewhere = try LoopbackServer([.object("stolen")])
    let server = try LoopbackServer([
      .answer(307, ["Location: http://127.0.0.1:\(elsewhere.port)/media/key"])
    ])
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    let found = await failure { try await store.text() }
    #expect(found?.code == "WrongRegion")
    #expect(elsewhere.connectionCount == 0)
    #expect(server.requests.count == 1)
  }

  @Test func anotherRegionIsSignedForAndRemembered() async throws {
    let server = try LoopbackServer([
      .answer(301, ["x-amz-bucket-region: eu-west-1"]), .object("x"), .object("y"),
    ])
    let store = try world.store(port: server.port)
    #expect(try await store.text() == "x")
    #expect(try await store.text() == "y")
    #expect(store.region == "eu-west-1")
    #expect(
      server.requests.map { $0.headers["authorization"]?.contains("/eu-west-1/s3/") }
        == [false, true, true])
  }

  private static let late = "<Error><Code>InternalError</Code><Message>m</Message></Error>"
  private static func written(_ name: String) -> Reply {
    .answer(200, [], "<\(name)><ETag>\"e\"</ETag></\(name)>")
  }

  @Test func anErrorInASuccessfulCompletionIsRetried() async throws {
    let server = try LoopbackServer([
      .answer(200, [], Self.late), Self.written("CompleteMultipartUploadResult"),
    ])
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    let part = UploadedPart(number: 1, etag: ETag("p"), size: 1)
    let etag = try await store.completeUpload(
      key, UploadID("u"), parts: [part], condition: .absent)
    #expect(etag == ETag("e"))
    #expect(server.requests.map(\.path) == ["/media/key?uploadId=u", "/media/key?uploadId=u"])
    #expect(server.requests.map { $0.headers["if-none-match"] } == ["*", "*"])
  }

  @Test func anErrorInASuccessfulCopyIsRetried() async throws {
    let server = try LoopbackServer([
      .answer(200, [], Self.late), Self.written("CopyObjectResult"),
      .answer(200, [], "<Error><Code>AccessDenied</Code></Error>"),
      Self.written("CopyPartResult"),
    ])
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    func copy() async throws(ObjectStoreError) -> ETag {
      try await store.copy(
        from: ObjectKey("a b"), sourceMatch: ETag("s"), to: key, headers: nil, condition: .none)
    }
    #expect(try await copy() == ETag("e"))
    #expect(server.requests.first?.headers["x-amz-copy-source"] == "/media/a%20b")
    #expect(server.requests.first?.headers["x-amz-copy-source-if-match"] == "\"s\"")
    #expect(await failure { try await copy() }?.kind == .accessDenied)
    let part = try await store.copyPart(
      from: key, sourceMatch: nil, range: 10..<30, to: key, UploadID("u"), number: 2)
    #expect(part == UploadedPart(number: 2, etag: ETag("e"), size: 20))
    #expect(server.requests.last?.headers["x-amz-copy-source-range"] == "bytes=10-29")
  }

  @Test(arguments: ["", "<html/>", "<CopyObjectResult/>", "<CopyObjectResult><ETag>e</ETag>"])
  func aCopyWithoutProofIsNone(_ body: String) async throws {
    let server = try LoopbackServer([.answer(200, [], body)])
    let store = try world.store(port: server.port)
    let found = await failure {
      try await store.copy(
        from: key, sourceMatch: nil, to: key, headers: nil, condition: .none)
    }
    #expect(found?.kind == .unavailable)
    #expect(found?.code == "InvalidAnswer")
  }

  @Test func keysOutsideOfThePrefixAreNotListed() async throws {
    let page =
      "<ListBucketResult><Contents><Key>other/a</Key><LastModified>2009-10-12T17:50:30Z"
      + "</LastModified><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>"
    let server = try LoopbackServer([.answer(200, [], page), .answer(200, [], page)])
    let store = try world.store(port: server.port)
    let found = await failure {
      try await store.list(ListRequest(prefix: "mine/", foldsDirectories: false))
    }
    #expect(found?.code == "InvalidAnswer")
    let other = try await store.list(
      ListRequest(prefix: "other/", foldsDirectories: true, continuation: "t+", pageSize: 9_999))
    #expect(other.objects.map(\.key) == [ObjectKey("other/a")])
    #expect(
      server.requests.last?.path
        == "/media?list-type=2&encoding-type=url&max-keys=1000&prefix=other%2F&delimiter=%2F"
        + "&continuation-token=t%2B")
  }

  /// Takes the request and answers nothing for as long as the connection lasts.
  private static let silence = Reply { peer in
    peer.readBody()
    peer.readToEnd()
  }

  @Test func aReadThatIsLateIsAskedForOnceMore() async throws {
    let usual = Array(repeating: Reply.object("usual"), count: 20)
    let server = try LoopbackServer(usual + [Self.silence, .object("second"), .object("next")])
    let store = try world.store(port: server.port)
    for _ in usual { #expect(try await store.text() == "usual") }
    #expect(try await store.text() == "second")
    #expect(world.waits.contains(AnswerTimes.leastLateness))
    #expect(try await store.text() == "next")
    #expect(store.requestCounts == ["GetObject": 23])
    #expect(server.requests.count == 23)
  }

  /// Who has too much to do refuses the second one; the first is still answered.
  @Test func aRefusalOfTheSecondIsNoAnswer() async throws {
    let usual = Array(repeating: Reply.object("usual"), count: 20)
    let refused = DispatchSemaphore(value: 0)
    let slow = Reply { peer in
      peer.readBody()
      refused.wait()
      Reply.object("first").perform(peer)
    }
    let refusal = Reply { peer in
      Reply.error(503, "SlowDown").perform(peer)
      refused.signal()
    }
    let server = try LoopbackServer(usual + [slow, refusal])
    let store = try world.store(port: server.port)
    for _ in usual { _ = try await store.text() }
    #expect(try await store.text() == "first")
    #expect(server.requests.count == 22)
  }

  /// The store has said that it has too much to do, and the connection of the second one is lost.
  @Test func aRefusalCountsForMoreThanALostConnection() async throws {
    let usual = Array(repeating: Reply.object("usual"), count: 20)
    let (hedged, refused) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let refusal = Reply { peer in
      hedged.wait()
      Reply.error(503, "SlowDown").perform(peer)
      refused.signal()
    }
    let loss = Reply { peer in
      hedged.signal()
      refused.wait()
      Reply.hangUp.perform(peer)
    }
    let server = try LoopbackServer(usual + [refusal, loss])
    let store = try world.store(port: server.port)
    for _ in usual { _ = try await store.text() }
    #expect(await failure { try await store.text() }?.kind == .throttled)
    #expect(server.requests.count == 22)
  }

  @Test func aWriteThatIsLateIsNot() async throws {
    let usual = Array(repeating: Reply.object("usual"), count: 20)
    let server = try LoopbackServer(usual + [.answer(204)])
    let store = try world.store(port: server.port)
    for _ in usual { _ = try await store.text() }
    let waits = world.waits.count
    try await store.delete(key)
    #expect(world.waits.count == waits)
  }
}
