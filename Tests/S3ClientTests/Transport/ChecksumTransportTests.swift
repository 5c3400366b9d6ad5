import ObjectStorage
import Testing

@testable import S3Client

/// Bytes that a checksum guards instead of MD5.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ChecksumTransportTests {
  private let world = TestWorld()
  private let key = ObjectKey("key")
  private static let checksum = Checksum.of(Array("body".utf8), .crc64nvme)
  private static let other = Checksum.of(Array("bodY".utf8), .crc64nvme)

  private func field(_ checksum: ObjectChecksum, _ type: String? = nil) -> [String] {
    ["x-amz-checksum-crc64nvme: \(checksum.text)"]
      + (type.map { ["x-amz-checksum-type: \($0)"] } ?? [])
  }

  private func written(_ etag: String, _ fields: [String] = []) -> Reply {
    .answer(200, ["ETag: \"\(etag)\""] + fields)
  }

  private func head(_ etag: String, _ fields: [String] = [], size: Int = 4) -> Reply {
    .text(
      Reply.head(
        200, Reply.attributes(etag: "\"\(etag)\"") + ["Content-Length: \(size)"] + fields))
  }

  private func store(
    _ replies: Reply..., using checksum: ChecksumAlgorithm? = .crc64nvme,
    mode: ChecksumMode = .auto
  ) throws -> (S3ObjectStore, LoopbackServer) {
    let server = try LoopbackServer(replies)
    let store = try world.store(
      port: server.port, retry: TestWorld.threeAttempts, checksum: mode)
    store.use(checksum)
    return (store, server)
  }

  @Test func aBodyArrivesWithItsChecksumAndNoDigest() async throws {
    let (store, server) = try store(written("e", field(Self.checksum)))
    #expect(try await store.put("body") == ETag("e"))
    #expect(server.requests.count == 1)
    let request = try #require(server.requests.first)
    #expect(request.headers["x-amz-checksum-crc64nvme"] == Self.checksum.text)
    #expect(request.headers["x-amz-sdk-checksum-algorithm"] == "CRC64NVME")
    #expect(request.headers["content-md5"] == nil)
    #expect(request.headers["transfer-encoding"] == nil)
    let signed = request.headers["authorization"]?.contains("x-amz-checksum-crc64nvme")
    #expect(signed == true)
  }

  @Test func withoutChecksumsNothingAsksForThem() async throws {
    let (store, server) = try store(
      written("841a2d689ad86bd1611447453c22c6fc"), head("e"), .object("body"), using: nil,
      mode: .none)
    _ = try await store.put("body")
    _ = try await store.head(key)
    _ = try await store.text()
    for request in server.requests {
      #expect(!request.headers.keys.contains { $0.hasPrefix("x-amz-checksum") })
      #expect(request.headers["content-md5"] == nil)
    }
  }

  @Test func whatWasStoredDamagedIsReplacedAndNothingElse() async throws {
    let (store, server) = try store(
      written("bad", field(Self.other)), written("good", field(Self.checksum)))
    #expect(try await store.put("body", .absent) == ETag("good"))
    #expect(server.requests.last?.headers["if-match"] == "\"bad\"")
  }

  @Test func anAnswerWithoutChecksumIsLookedUp() async throws {
    let (store, server) = try store(
      written("e"), head("e", field(Self.checksum)), written("e"), head("e", field(Self.other)),
      written("e"), head("e"), written("e"), head("other", field(Self.checksum)))
    #expect(try await store.put("body") == ETag("e"))
    #expect(server.requests.last?.headers["x-amz-checksum-mode"] == "ENABLED")
    #expect(await failure { try await store.put("body") }?.code == "NotVerified")
    #expect(try await store.put("body") == ETag("e"))
    #expect(await failure { try await store.put("body") }?.code == "NotVerified")
  }

  @Test func aLostAnswerIsKnownByTheChecksum() async throws {
    let (store, server) = try store(
      .hangUp, .error(412, "PreconditionFailed"), head("own", field(Self.checksum)),
      .hangUp, .error(412, "PreconditionFailed"), head("own", field(Self.other)),
      .hangUp, .error(412, "PreconditionFailed"), head("own"))
    #expect(try await store.put("body", .absent) == ETag("own"))
    for _ in 0..<2 {
      #expect(await failure { try await store.put("body", .absent) }?.kind == .preconditionFailed)
    }
    #expect(server.requests.count == 9)
  }

  @Test func aSmallObjectThatCameDamagedIsFetchedAgain() async throws {
    func object(_ text: String, _ checksum: ObjectChecksum, _ type: String) -> Reply {
      .answer(200, Reply.attributes(etag: "\"e-2\"") + field(checksum, type), text)
    }
    let (store, server) = try store(
      object("bodY", Self.checksum, "FULL_OBJECT"), object("body", Self.checksum, "FULL_OBJECT"),
      object("body", Self.other, "COMPOSITE"))
    #expect(try await store.text() == "body")
    #expect(server.requests.count == 2)
    #expect(server.requests.first?.headers["x-amz-checksum-mode"] == "ENABLED")
    // That of the parts' checksums says nothing of the bytes.
    #expect(try await store.text() == "body")
    #expect(server.requests.count == 3)
  }

  // MARK: Parts

  private func begun(_ fields: [String]) -> Reply {
    .answer(
      200, fields,
      "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
  }

  private static let complete = Reply.answer(
    200, [],
    "<CompleteMultipartUploadResult><ETag>\"e-2\"</ETag></CompleteMultipartUploadResult>")

  @Test func anUploadEndsWithTheChecksumOfAllItsBytes() async throws {
    let whole = begun(["x-amz-checksum-type: FULL_OBJECT"])
    let (store, server) = try store(
      whole, written("1", field(Self.checksum)), written("2", field(Self.checksum)), Self.complete)
    let upload = try await store.createUpload(key, headers: ObjectHeaders())
    #expect(upload.checksum == .crc64nvme)
    #expect(server.requests.last?.headers["x-amz-checksum-algorithm"] == "CRC64NVME")
    #expect(server.requests.last?.headers["x-amz-checksum-type"] == "FULL_OBJECT")
    var parts: [UploadedPart] = []
    // Its mode changes while it is under way.
    store.use(nil)
    for number in 1...2 {
      parts.append(
        try await store.uploadPart(
          key, upload, number: number, BytesSource(Array("body".utf8))))
      let sent = server.requests.last?.headers["x-amz-checksum-crc64nvme"]
      #expect(sent == Self.checksum.text)
    }
    #expect(parts.map(\.checksum) == [Self.checksum, Self.checksum])
    _ = try await store.completeUpload(key, upload, parts: parts, condition: .none)
    let all = Checksum.of(Array("bodybody".utf8), .crc64nvme)
    #expect(server.requests.last?.headers["x-amz-checksum-crc64nvme"] == all.text)
    #expect(server.requests.last?.headers["x-amz-checksum-type"] == "FULL_OBJECT")
  }

  @Test func aStoreThatDoesNotPromiseItGetsDigests() async throws {
    let (store, server) = try store(
      begun([]), .answer(204, []), begun([]), written("1"), Self.complete, begun([]))
    let upload = try await store.createUpload(key, headers: ObjectHeaders())
    #expect(upload.checksum == nil)
    // It was told of a checksum, and may insist on it: that upload is given up.
    let field = "x-amz-checksum-algorithm"
    #expect(server.requests.map { $0.headers[field] != nil } == [true, false, false])
    #expect(server.requests[1].method == "DELETE")
    let part = try await store.uploadPart(
      key, upload, number: 1, BytesSource(Array("body".utf8)))
    #expect(server.requests.last?.headers["content-md5"] != nil)
    #expect(part.checksum == nil)
    _ = try await store.completeUpload(key, upload, parts: [part], condition: .none)
    #expect(server.requests.last?.headers["x-amz-checksum-crc64nvme"] == nil)
    // And is not asked again.
    _ = try await store.createUpload(key, headers: ObjectHeaders())
    #expect(server.requests.last?.headers[field] == nil)
  }

  @Test func aPartWithoutChecksumLeavesTheEndWithout() async throws {
    let (store, server) = try store(Self.complete)
    let parts = [
      UploadedPart(number: 1, etag: ETag("1"), size: 4, checksum: Self.checksum),
      UploadedPart(number: 2, etag: ETag("2"), size: 4),
    ]
    _ = try await store.completeUpload(
      key, UploadID("u", checksum: .crc64nvme), parts: parts, condition: .none)
    #expect(server.requests.last?.headers["x-amz-checksum-crc64nvme"] == nil)
  }

  @Test func otherPartsAreFoundAtOnce() async throws {
    let (store, server) = try store(.error(400, "BadDigest"), .error(400, "BadDigest"))
    let part = UploadedPart(number: 1, etag: ETag("1"), size: 4, checksum: Self.checksum)
    let found = await failure {
      try await store.completeUpload(
        key, UploadID("u", checksum: .crc64nvme), parts: [part], condition: .none)
    }
    #expect(found?.code == ObjectStoreError.otherPartsCode)
    #expect(found?.isTransient == true)
    #expect(server.requests.count == 2)
  }

  /// A store that has lost a part, which it may say in a success too.
  @Test(arguments: ["InvalidPart", "InvalidPartOrder"], [200, 400])
  func anUploadOfLostPartsBeginsAnew(code: String, status: Int) async throws {
    let (store, server) = try store(.error(status, code))
    let part = UploadedPart(number: 1, etag: ETag("1"), size: 4)
    let found = await failure {
      try await store.completeUpload(key, UploadID("u"), parts: [part], condition: .none)
    }
    #expect(found?.code == ObjectStoreError.otherPartsCode)
    #expect(server.requests.count == 1)
  }

  // MARK: Trials

  @Test func aStoreThatVerifiesRefusesOnceAndNamesTheOther() async throws {
    let right = Checksum.of(Array("checksum".utf8), .crc64nvme)
    let (store, server) = try store(
      .error(400, "BadDigest"), written("e", field(right)), using: nil)
    #expect(try await store.verifies(.crc64nvme, at: key))
    #expect(server.requests.count == 2)
    #expect(server.requests.first?.headers["x-amz-checksum-crc64nvme"] != right.text)
    #expect(server.requests.last?.headers["x-amz-checksum-crc64nvme"] == right.text)
  }

  @Test func aStoreThatIgnoresRefusesOrNamesNothingDoesNot() async throws {
    let right = Checksum.of(Array("checksum".utf8), .crc64nvme)
    for replies in [
      [written("e", field(right))], [.error(400, "InvalidRequest"), .error(501, "NotImplemented")],
      [.error(400, "BadDigest"), written("e")],
    ] {
      let server = try LoopbackServer(replies)
      let store = try world.store(port: server.port, retry: TestWorld.threeAttempts)
      #expect(try await !store.verifies(.crc64nvme, at: key))
      #expect(server.requests.count == replies.count)
    }
  }

  @Test func aStoreThatDoesNotAnswerSaysNothing() async throws {
    let (store, server) = try store(.answer(503), .answer(503), .answer(503), using: nil)
    #expect(await failure { try await store.verifies(.crc32c, at: key) }?.httpStatus == 503)
    #expect(server.requests.count == 3)
  }

  @Test(
    arguments: [
      (ChecksumMode.auto, [.crc64nvme, .crc32c]), (.crc64nvme, [.crc64nvme]), (.crc32c, [.crc32c]),
      (.md5, []), (.none, []),
    ] as [(ChecksumMode, [ChecksumAlgorithm])])
  func theConfigurationSaysWhatIsTried(
    _ mode: ChecksumMode, _ tried: [ChecksumAlgorithm]
  ) throws {
    #expect(try world.store(port: 1, checksum: mode).checksums == tried)
  }
}
