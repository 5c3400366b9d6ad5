import ObjectStorage

/// The operations of S3 that this client uses, by the names under which they are billed.
package enum S3Operation: String, Sendable, CaseIterable {
  case getObject = "GetObject"
  case headObject = "HeadObject"
  case putObject = "PutObject"
  case copyObject = "CopyObject"
  case deleteObject = "DeleteObject"
  case deleteObjects = "DeleteObjects"
  case listObjects = "ListObjectsV2"
  case createUpload = "CreateMultipartUpload"
  case uploadPart = "UploadPart"
  case copyPart = "UploadPartCopy"
  case completeUpload = "CompleteMultipartUpload"
  case abortUpload = "AbortMultipartUpload"
  case listUploads = "ListMultipartUploads"
  case listParts = "ListParts"
  case headBucket = "HeadBucket"
  case createBucket = "CreateBucket"

  /// True where the store may work for long before it says anything.
  var isServerSideWork: Bool {
    switch self {
    case .copyObject, .copyPart, .completeUpload: true
    case .getObject, .headObject, .putObject, .deleteObject, .deleteObjects, .listObjects,
      .createUpload, .uploadPart, .abortUpload, .listUploads, .listParts, .headBucket,
      .createBucket:
      false
    }
  }
}

/// A request before it is signed; every attempt is made from it anew.
struct S3Request: Sendable {
  struct Payload: Sendable {
    let source: any ObjectSource
    let digest: PayloadDigest
  }

  let operation: S3Operation
  let method: HTTPMethod
  /// `nil` for the bucket itself.
  let key: ObjectKey?
  var query: [QueryItem] = []
  var headers = HTTPHeaders()
  var payload: Payload?
  /// Bytes that the store finds damaged are not sent again.
  var endsWithDamage = false

  /// It changes nothing: an attempt more is harmless.
  var isRead: Bool { method == .get || method == .head }

  /// Every attempt begins another upload, whose parts are paid for: one whose answer was lost is
  /// told to the caller, who knows where to look for what it has left.
  var leavesTraces: Bool { operation == .createUpload }

  /// Adds a body made here, with its `Content-MD5`.
  mutating func setBody(_ bytes: [UInt8], contentType: String = "application/xml") {
    setPayload(Payload(source: BytesSource(bytes), digest: PayloadDigest(bytes: bytes)))
    headers.set("content-type", contentType)
  }

  /// - Parameter sendsDigest: false sends no `Content-MD5`.
  mutating func setPayload(_ payload: Payload, sendsDigest: Bool = true) {
    self.payload = payload
    if let checksum = payload.digest.checksum {
      headers.set(checksum)
    } else if sendsDigest, let digest = payload.digest.contentMD5 {
      headers.set("content-md5", digest)
    }
  }
}
