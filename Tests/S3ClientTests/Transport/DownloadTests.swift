import ObjectStorage
import Testing

@testable import S3Client

/// Answers to GET over a real connection: bytes are handed out only if they are the right ones.
@Suite(.serialized, .timeLimit(.minutes(1))) struct DownloadTests {
  private let world = TestWorld()

  private func failure(
    of reply: Reply, range: Range<Int64>? = nil, ifMatch: ETag? = nil
  ) async throws -> ObjectStoreError? {
    let server = try LoopbackServer([reply])
    let store = try world.store(port: server.port)
    return await S3ClientTests.failure {
      try await store.text(range: range, ifMatch: ifMatch)
    }
  }

  @Test func aConnectionIsUsedAgain() async throws {
    let server = try LoopbackServer([
      .object("one"), .object("two"), .answer(200, Reply.attributes()), .error(404, "NoSuchKey"),
      .answer(404), .answer(204), .object("last"),
    ])
    let store = try world.store(port: server.port)
    let key = ObjectKey("key")
    #expect(try await store.text() == "one")
    #expect(try await store.text() == "two")
    #expect(try await store.head(key).size == 0)
    #expect(await S3ClientTests.failure { try await store.text() }?.kind == .notFound)
    #expect(await S3ClientTests.failure { try await store.head(key) }?.kind == .notFound)
    try await store.delete(key)
    #expect(try await store.text() == "last")
    #expect(server.connectionCount == 1)
    #expect(
      server.requests.map(\.method) == ["GET", "GET", "HEAD", "GET", "HEAD", "DELETE", "GET"])
  }

  @Test func aKeyIsSentAsItIs() async throws {
    let server = try LoopbackServer([.object("x")])
    let store = try world.store(port: server.port)
    #expect(try await store.text("/a//../b c?ä") == "x")
    #expect(server.requests.first?.path == "/media//a//../b%20c%3F%C3%A4")
    #expect(server.requests.first?.headers["accept"] == nil)
  }

  @Test func aTruncatedBodyIsNoBody() async throws {
    let found = try await failure(
      of: Reply { peer in
        peer.send(Reply.head(200, Reply.attributes() + ["Content-Length: 100"]) + "half")
        peer.close()
      })
    #expect(found?.kind == .unavailable)
    #expect(found?.code == "ConnectionLost")
  }

  @Test func whatComesBehindABodyIsNeitherPartOfItNorOfTheNext() async throws {
    let server = try LoopbackServer([
      .text(
        Reply.head(200, Reply.attributes() + ["Content-Length: 3"]) + "oneHTTP/1.1 200 OK\r\n\r\n"),
      .object("two"),
    ])
    let store = try world.store(port: server.port)
    #expect(try await store.text() == "one")
    #expect(try await store.text() == "two")
    #expect(server.connectionCount == 2)
  }

  @Test func aRangeIsTakenOnlyWithItsContentRange() async throws {
    let server = try LoopbackServer([
      .answer(206, Reply.attributes() + ["Content-Range: bytes 5-9/100"], "56789")
    ])
    let store = try world.store(port: server.port)
    let download = try await store.get(ObjectKey("key"), range: 5..<10, ifMatch: nil)
    #expect(try await download.body.collect() == Array("56789".utf8))
    #expect(download.info.size == 100)
    #expect(server.requests.first?.headers["range"] == "bytes=5-9")
  }

  @Test(arguments: [
    "bytes 5-8/100", "bytes 4-9/100", "bytes 0-4/100", "bytes 5-9/*", "bytes 5-9", "5-9/100",
    "bytes 9-5/100", "bytes 5-9/7", "bytes 5-9/99999999999999999999",
  ])
  func anotherContentRangeIsRefused(_ range: String) async throws {
    let reply = Reply.answer(206, Reply.attributes() + ["Content-Range: \(range)"], "56789")
    let found = try await failure(of: reply, range: 5..<10)
    #expect(found?.kind == .unavailable)
    #expect(found?.code == "InvalidAnswer")
  }

  @Test func aRangeThatIsAnsweredWithTheWholeObjectOrNoRangeIsRefused() async throws {
    #expect(try await failure(of: .object("0123456789"), range: 5..<10)?.code == "InvalidAnswer")
    let bare = Reply.answer(206, Reply.attributes(), "56789")
    #expect(try await failure(of: bare, range: 5..<10)?.code == "InvalidAnswer")
    let unasked = Reply.answer(206, Reply.attributes() + ["Content-Range: bytes 0-0/9"], "0")
    #expect(try await failure(of: unasked)?.code == "InvalidAnswer")
  }

  @Test func anotherVersionThanTheOneAskedForIsRefused() async throws {
    let server = try LoopbackServer([.object("x", etag: "\"new\""), .object("y", etag: "\"old\"")])
    let store = try world.store(port: server.port)
    let found = await S3ClientTests.failure {
      try await store.text(ifMatch: ETag("old"))
    }
    #expect(found?.kind == .preconditionFailed)
    #expect(try await store.text(ifMatch: ETag("old")) == "y")
    #expect(server.requests.first?.headers["if-match"] == "\"old\"")
  }

  @Test(arguments: [
    (403, "AccessDenied", ObjectStoreError.Kind.accessDenied), (404, "NoSuchKey", .notFound),
    (500, "InternalError", .unavailable), (412, "PreconditionFailed", .preconditionFailed),
  ])
  func anErrorDocumentNeverBecomesBytes(
    _ status: Int, _ code: String, _ kind: ObjectStoreError.Kind
  ) async throws {
    let found = try await failure(of: .error(status, code))
    #expect(found?.kind == kind)
    #expect(found?.code == code)
    #expect(found?.httpStatus == status)
  }

  @Test func anAnswerWithoutAttributesIsNoObject() async throws {
    #expect(try await failure(of: .answer(200, [], "x"))?.code == "InvalidAnswer")
    let noDate = Reply.answer(200, ["ETag: \"e\""], "x")
    #expect(try await failure(of: noDate)?.code == "InvalidAnswer")
    let noETag = Reply.answer(200, Array(Reply.attributes().dropFirst()), "x")
    #expect(try await failure(of: noETag)?.code == "InvalidAnswer")
  }

  @Test func aChunkedObjectHasNoLengthAndIsRefused() async throws {
    let reply = Reply.text(
      Reply.head(200, Reply.attributes() + ["Transfer-Encoding: chunked"]) + "1\r\nx\r\n0\r\n\r\n")
    #expect(try await failure(of: reply)?.code == "InvalidAnswer")
  }

  @Test func aChunkedDocumentIsRead() async throws {
    let server = try LoopbackServer([
      .text(
        Reply.head(200, ["Transfer-Encoding: chunked"])
          + "12\r\n<ListBucketResult>\r\n13;ext=1\r\n</ListBucketResult>\r\n0\r\nETag: x\r\n\r\n"),
      .object("x"),
    ])
    let store = try world.store(port: server.port)
    #expect(try await store.list(ListRequest(prefix: "", foldsDirectories: false)) == ListPage())
    #expect(try await store.text() == "x")
    #expect(server.connectionCount == 1)
  }

  @Test func anInterimAnswerIsNotTheAnswer() async throws {
    let server = try LoopbackServer([
      .text(
        "HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\n\r\n"
          + Reply.head(200, Reply.attributes() + ["Content-Length: 1"]) + "x")
    ])
    let store = try world.store(port: server.port)
    let download = try await store.get(ObjectKey("key"), range: nil, ifMatch: nil)
    #expect(download.info.etag == ETag("e"))
    #expect(try await download.body.collect() == Array("x".utf8))
  }
}
