import ObjectStorage
import Testing

@testable import S3Client

/// Bytes that are others at the end of their way, on a connection or in a store that lets it
/// happen.
@Suite(.serialized, .timeLimit(.minutes(1))) struct DamageTests {
  private let world = TestWorld()
  private let key = ObjectKey("key")
  /// The MD5 of "body", and one of something else.
  private static let digest = "841a2d689ad86bd1611447453c22c6fc"
  private static let damaged = "0f1a5ce2c4c2b7a9e5e4f0c1fb2b4d11"

  private func written(_ etag: String, _ fields: [String] = []) -> Reply {
    .answer(200, ["ETag: \"\(etag)\""] + fields)
  }

  private func head(_ etag: String, size: Int) -> Reply {
    .text(Reply.head(200, Reply.attributes(etag: "\"\(etag)\"") + ["Content-Length: \(size)"]))
  }

  private func store(_ replies: Reply...) throws -> (S3ObjectStore, LoopbackServer) {
    let server = try LoopbackServer(replies)
    return (try world.store(port: server.port, retry: TestWorld.threeAttempts), server)
  }

  @Test func bytesThatWereStoredDamagedAreReplacedAndNothingElse() async throws {
    let (store, server) = try store(
      written(Self.digest), written(Self.damaged), written(Self.digest))
    _ = try await store.put("body", .absent)
    #expect(try await store.put("body", .absent) == ETag(Self.digest))
    let last = try #require(server.requests.last)
    #expect(server.requests.count == 3)
    #expect(last.headers["if-match"] == "\"\(Self.damaged)\"")
    #expect(last.headers["if-none-match"] == nil)
  }

  @Test func damageThatDoesNotEndIsNoSuccess() async throws {
    let replies = [written(Self.digest)] + Array(repeating: written(Self.damaged), count: 5)
    let server = try LoopbackServer(replies)
    let store = try world.store(port: server.port)
    _ = try await store.put("body")
    let found = await failure { try await store.put("body") }
    #expect(found?.code == "NotVerified")
    #expect(found?.isTransient == true)
  }

  @Test func anETagThatIsNoDigestIsLookedAtOnceMore() async throws {
    let (store, server) = try store(
      written("own-1"), head("own-1", size: 4), written("own-2"), head("own-2", size: 3),
      written("own-3"), head("own-4", size: 4), written("own-5"), .answer(404))
    #expect(try await store.put("body") == ETag("own-1"))
    for _ in 0..<3 {
      #expect(await failure { try await store.put("body") }?.code == "NotVerified")
    }
    #expect(server.requests.count == 8)
  }

  @Test func theETagOfAnEncryptedObjectIsNoDigest() async throws {
    let (store, server) = try store(
      written(Self.digest), written(Self.damaged, ["x-amz-server-side-encryption: aws:kms"]),
      head(Self.damaged, size: 4))
    _ = try await store.put("body")
    #expect(try await store.put("body") == ETag(Self.damaged))
    #expect(server.requests.map(\.method) == ["PUT", "PUT", "HEAD"])
  }

  @Test func aDamagedPartIsSentAgain() async throws {
    let (store, server) = try store(
      written(Self.digest), written(Self.damaged), written(Self.digest))
    for number in 1...2 {
      let part = try await store.uploadPart(
        key, UploadID("u"), number: number, BytesSource(Array("body".utf8)))
      #expect(part.etag == ETag(Self.digest))
    }
    #expect(server.requests.count == 3)
  }

  @Test(arguments: ["BadDigest", "XAmzContentSHA256Mismatch"])
  func damageThatTheStoreFindsIsSentAgain(_ code: String) async throws {
    let (store, server) = try store(.error(400, code), written(Self.digest))
    #expect(try await store.put("body") == ETag(Self.digest))
    #expect(server.requests.count == 2)
  }

  @Test(arguments: [nil, 0..<4])
  func aSmallObjectThatCameDamagedIsFetchedAgain(_ range: Range<Int64>?) async throws {
    func object(_ text: String) -> Reply {
      let fields = Reply.attributes(etag: "\"\(Self.digest)\"")
      return range == nil
        ? .answer(200, fields, text)
        : .answer(206, fields + ["Content-Range: bytes 0-3/4"], text)
    }
    let (store, server) = try store(object("bodY"), object("body"))
    #expect(try await store.text(range: range) == "body")
    #expect(server.requests.count == 2)
  }

  @Test func theSameBytesTwiceAreWhatTheStoreHas() async throws {
    let (store, server) = try store(
      .object("body", etag: "\"\(Self.damaged)\""), .object("body", etag: "\"\(Self.damaged)\""))
    #expect(try await store.text() == "body")
    #expect(server.requests.count == 2)
  }

  @Test func aStoreIsLeftAloneForAsLongAsItAsks() async throws {
    let busy = Reply.answer(
      429, ["Retry-After: 7"], "<Error><Code>TooManyRequests</Code></Error>")
    let (store, server) = try store(busy, .object("x"))
    #expect(try await store.text() == "x")
    #expect(server.requests.count == 2)
    #expect(world.waits == [.seconds(8)])
  }
}
