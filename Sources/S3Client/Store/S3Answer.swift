import ObjectStorage

/// A successful answer of S3 with its body on the way, and the place that its request holds.
struct S3Answer: Sendable {
  /// The largest document that an operation but a listing answers with.
  static let documentSize = 1 << 20
  /// Error documents are small; of anything else the beginning is enough to see that it is none.
  static let errorSize = 64 << 10

  let status: Int
  let headers: HTTPHeaders
  let body: any HTTPBody
  let slot: ConcurrencySlot

  var requestID: String? { headers["x-amz-request-id"] }

  /// The whole body, which must not be larger than `limit` bytes.
  func collect(limit: Int = documentSize) async throws(ObjectStoreError) -> [UInt8] {
    try await S3Answer.collect(body, limit: limit)
  }

  /// The body as a document. An `<Error>` in it is thrown, whatever the status: Complete and
  /// copies answer 200 before they know (https://docs.aws.amazon.com/AmazonS3/latest/API/
  /// API_CompleteMultipartUpload.html).
  func document<Value>(
    limit: Int = documentSize, _ decode: (XMLElement) throws(XMLError) -> Value
  ) async throws(ObjectStoreError) -> Value {
    let bytes = try await collect(limit: limit)
    if let document = ErrorDocument(body: bytes) {
      throw S3Failure(status: status, headers: headers, document: document).error
    }
    do {
      return try decode(XMLElement(document: bytes))
    } catch {
      throw unusable("the answer is no document of S3: \(error)")
    }
  }

  /// Reads to the end what has no meaning, so that the connection can be used again.
  func discard() async throws(ObjectStoreError) {
    _ = try await collect()
  }

  /// The answer has nothing wrong in its status, and nothing usable in it.
  func unusable(_ message: String) -> ObjectStoreError {
    ObjectStoreError(
      .unavailable, code: "InvalidAnswer", message: message, httpStatus: status,
      requestID: requestID)
  }

  func etag() throws(ObjectStoreError) -> ETag {
    guard let text = headers["etag"], !ETag(text).text.isEmpty else {
      throw unusable("the answer has no ETag")
    }
    return ETag(text)
  }

  static func collect(
    _ body: any HTTPBody, limit: Int
  ) async throws(ObjectStoreError) -> [UInt8] {
    var bytes: [UInt8] = []
    do throws(HTTPTransportError) {
      while let chunk = try await body.next() {
        guard bytes.count + chunk.count <= limit else {
          body.cancel()
          throw HTTPTransportError(.invalidAnswer, "the answer is larger than \(limit) bytes")
        }
        bytes += chunk
      }
    } catch {
      throw error.storeError
    }
    return bytes
  }
}
