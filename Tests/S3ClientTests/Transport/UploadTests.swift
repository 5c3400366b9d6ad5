import ObjectStorage
import Synchronization
import Testing

@testable import S3Client

/// PUT over a real connection: what the server gets, and what a lost answer means.
@Suite(.serialized, .timeLimit(.minutes(1))) struct UploadTests {
  private let world = TestWorld()
  private let key = ObjectKey("key")
  /// The MD5 of "body".
  private static let digest = "841a2d689ad86bd1611447453c22c6fc"

  @Test func aBodyArrivesWithItsDigests() async throws {
    let server = try LoopbackServer([.answer(200, ["ETag: \"\(Self.digest)\""])])
    let store = try world.store(port: server.port)
    let headers = ObjectHeaders(contentType: "text/plain", metadata: ["a": "ä", "b": ""])
    let etag = try await store.put(
      key, BytesSource(Array("body".utf8)), headers: headers, condition: .matches(ETag("old")))
    #expect(etag == ETag(Self.digest))
    #expect(server.requests.count == 1)
    let request = try #require(server.requests.first)
    #expect(request.body == Array("body".utf8))
    #expect(request.headers["content-length"] == "4")
    #expect(request.headers["content-md5"] == "hBotaJrYa9FhFEdFPCLG/A==")
    #expect(
      request.headers["x-amz-content-sha256"]
        == "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5")
    #expect(request.headers["x-amz-meta-a"] == "%C3%A4")
    #expect(request.headers["x-amz-meta-b"] == "")
    #expect(request.headers["if-match"] == "\"old\"")
    #expect(request.headers["expect"] == nil)
    #expect(request.headers["transfer-encoding"] == nil)
  }

  @Test(arguments: [0, 131_072, 131_073, 3_000_000])
  func aBodyOfAnySizeArrivesWhole(_ count: Int) async throws {
    let server = try LoopbackServer([
      .answer(200, ["ETag: \"e\""]),
      .text(Reply.head(200, Reply.attributes() + ["Content-Length: \(count)"])),
    ])
    let store = try world.store(port: server.port)
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
    _ = try await store.put(
      key, BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    #expect(server.requests.first?.body == bytes)
  }

  @Test func aHeaderCannotSmuggleAnother() async throws {
    let server = try LoopbackServer([])
    let store = try world.store(port: server.port)
    for headers in [
      ObjectHeaders(contentType: "a\r\nX-Evil: 1"), ObjectHeaders(metadata: ["a\nb": "c"]),
    ] {
      let found = await failure {
        try await store.put(key, BytesSource([]), headers: headers, condition: .none)
      }
      #expect(found?.code == "TransportSetup")
    }
    #expect(server.connectionCount == 0)
  }

  /// Gives all its bytes for the digest, and withdraws them while they are sent.
  private final class WithdrawnSource: ObjectSource {
    let length: Int64 = 1 << 20
    private let given = Mutex<Int64>(0)

    func read(at offset: Int64, count: Int) throws(ObjectStoreError) -> [UInt8] {
      let total = given.withLock { given in
        given += Int64(count)
        return given
      }
      guard total <= length + (512 << 10) else {
        throw ObjectStoreError(.cancelled, code: "Withdrawn", message: "changed")
      }
      return [UInt8](repeating: 1, count: count)
    }
  }

  @Test func aWithdrawnBodyNeverArrivesWhole() async throws {
    let ended = Event()
    let server = try LoopbackServer([
      Reply { peer in
        peer.readBody()
        ended.signal()
      }
    ])
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    let found = await failure {
      try await store.put(
        key, WithdrawnSource(), headers: ObjectHeaders(), condition: .none)
    }
    #expect(found?.kind == .cancelled)
    #expect(found?.code == "Withdrawn")
    #expect(await ended.happens())
    #expect(server.requests.count == 1)
    #expect(server.requests.first?.bodyLength == 1 << 20)
    #expect((server.requests.first?.body.count ?? .max) < 1 << 20)
  }

  /// A server that answers by the head alone and reads no further.
  private func early(_ answer: String) async throws -> ObjectStoreError? {
    let server = try LoopbackServer([
      Reply { peer in
        peer.send(answer)
        peer.readToEnd()
      }
    ])
    let store = try world.store(port: server.port, stallTimeout: .seconds(5))
    let source = BytesSource([UInt8](repeating: 1, count: 16 << 20))
    return await failure {
      try await store.put(key, source, headers: ObjectHeaders(), condition: .none)
    }
  }

  @Test func aSuccessBeforeTheBodyIsNone() async throws {
    let answer = Reply.head(200, Reply.attributes() + ["Content-Length: 0"])
    #expect(try await early(answer)?.code == "InvalidAnswer")
  }

  @Test func anErrorBeforeTheBodyEndsTheUpload() async throws {
    let document = "<Error><Code>AccessDenied</Code><Message>early</Message></Error>"
    let head = Reply.head(403, ["Content-Length: \(document.utf8.count)"])
    let found = try await early(head + document)
    #expect(found?.kind == .accessDenied)
    #expect(found?.message == "early")
  }

  private func afterLostAnswer(
    _ condition: WriteCondition, _ replies: Reply...
  ) async throws -> (Result<ETag, any Error>, [String]) {
    let server = try LoopbackServer([.hangUp] + replies)
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    do {
      return (.success(try await store.put("body", condition)), server.requests.map(\.method))
    } catch {
      return (.failure(error), server.requests.map(\.method))
    }
  }

  private func head(_ etag: String) -> Reply {
    .text(Reply.head(200, Reply.attributes(etag: "\"\(etag)\"") + ["Content-Length: 4"]))
  }

  @Test(arguments: [WriteCondition.absent, .matches(ETag("old"))])
  func aWriteWhoseAnswerWasLostIsFoundAgain(_ condition: WriteCondition) async throws {
    let (result, methods) = try await afterLostAnswer(
      condition, .error(412, "PreconditionFailed"), head(Self.digest))
    #expect(try result.get() == ETag(Self.digest))
    #expect(methods == ["PUT", "PUT", "HEAD"])
  }

  @Test func anotherObjectInItsPlaceIsNotOurs() async throws {
    let (result, methods) = try await afterLostAnswer(
      .absent, .error(412, "PreconditionFailed"), head("0cc175b9c0f1b6a831c399e269772661"))
    #expect(await failure { try result.get() }?.kind == .preconditionFailed)
    #expect(methods == ["PUT", "PUT", "HEAD"])
  }

  @Test func anObjectThatWasDeletedSinceIsNotOursEither() async throws {
    let (result, _) = try await afterLostAnswer(
      .matches(ETag("old")), .error(412, "PreconditionFailed"), .answer(404))
    #expect(await failure { try result.get() }?.kind == .preconditionFailed)
  }

  @Test func withoutALostAnswerAConflictIsAConflict() async throws {
    let server = try LoopbackServer([.error(412, "PreconditionFailed")])
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    #expect(await failure { try await store.put("body", .absent) }?.kind == .preconditionFailed)
    #expect(server.requests.count == 1)
  }

  @Test func aCompletionWhoseAnswerWasLostIsFoundAgain() async throws {
    let part = UploadedPart(number: 1, etag: ETag(Self.digest), size: 4)
    let whole = try #require(WrittenObject(parts: [part])?.etag)
    let server = try LoopbackServer([
      .hangUp, .error(404, "NoSuchUpload"), head(whole.text), .error(404, "NoSuchUpload"),
      head("other"),
    ])
    let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
    func complete() async throws(ObjectStoreError) -> ETag {
      try await store.completeUpload(key, UploadID("u"), parts: [part], condition: .none)
    }
    #expect(try await complete() == whole)
    #expect(await failure { try await complete() }?.code == "NoSuchUpload")
  }
}
