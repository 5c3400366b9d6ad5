import MediaFSTesting
import ObjectStorage
import S3Client
import Testing

/// What one request cannot copy (S3 CopyObject: 5 GiB) is copied part by part. A server that takes
/// less for too large shows it with 12 MiB.
@Suite struct LargeCopyTests {
  private static let limits = StoreLimits(
    putSize: 5 << 20, minimumPartSize: 5 << 20, maximumPartSize: 5 << 20, partCount: 10_000,
    objectSize: 1 << 30)
  private static let bytes = (0..<12).flatMap { [UInt8](repeating: $0, count: 1 << 20) }

  private let proxy: S3Proxy
  private let bucket: Bucket
  private let store: S3ObjectStore
  private let etag: ETag

  init() async throws {
    proxy = try S3Proxy(to: try S3Server.running(.ministack).access)
    bucket = try Bucket(on: proxy.access)
    let whole = try S3ObjectStore(bucket)
    etag = try await whole.put(
      ObjectKey("source"), BytesSource(Self.bytes),
      headers: ObjectHeaders(contentType: "video/mp4", metadata: ["mode": "33188"]),
      condition: .none)
    store = try S3ObjectStore(bucket, limits: Self.limits)
    try proxy.refuse("COPY", status: 400, code: "InvalidRequest")
    try proxy.clear()
  }

  private func copy(
    match: ETag? = nil, headers: ObjectHeaders? = nil
  ) async throws(ObjectStoreError) -> ETag {
    try await store.copy(
      from: ObjectKey("source"), sourceMatch: match ?? etag, to: ObjectKey("a/target"),
      headers: headers,
      condition: .none)
  }

  @Test func aLargeObjectIsCopiedInParts() async throws {
    let copied = try await copy()
    let target = try await store.get(ObjectKey("a/target"), range: nil, ifMatch: copied)
    #expect(target.info.headers.contentType == "video/mp4")
    #expect(target.info.headers.metadata == ["mode": "33188"])
    #expect(try await target.body.collect() == Self.bytes)
    let parts = try proxy.requests().filter { $0.copies && $0.query.contains("partNumber") }
    #expect(parts.count == 3)
    // Not a byte of it has passed through here.
    #expect(try proxy.requests().filter { $0.method != "GET" }.allSatisfy { $0.received < 4_096 })
  }

  @Test func itGetsOtherHeadersWhereTheyAreGiven() async throws {
    _ = try await copy(headers: ObjectHeaders(contentType: "a/b", metadata: ["mode": "33152"]))
    let info = try await store.head(ObjectKey("a/target"))
    #expect(info.headers.contentType == "a/b")
    #expect(info.headers.metadata == ["mode": "33152"])
  }

  @Test func anotherVersionIsNotCopiedAndNothingIsLeft() async throws {
    let error = await #expect(throws: ObjectStoreError.self) {
      _ = try await copy(match: ETag("0123456789abcdef0123456789abcdef"))
    }
    #expect(error?.kind == .preconditionFailed)
    try proxy.admit()
    let missing = await #expect(throws: ObjectStoreError.self) {
      _ = try await store.head(ObjectKey("a/target"))
    }
    #expect(missing?.kind == .notFound)
    #expect(try await store.listUploads(prefix: "").isEmpty)
  }
}
