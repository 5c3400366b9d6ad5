import ObjectStorage

/// The answer to CreateMultipartUpload.
struct InitiateUploadResult: Sendable {
  let upload: UploadID

  init(_ root: XMLElement) throws(XMLError) {
    try root.requireName("InitiateMultipartUploadResult")
    let text = try root.value("UploadId")
    guard !text.isEmpty else { throw XMLError(.invalidValue, "UploadId") }
    upload = UploadID(text)
  }
}

/// The answers to CompleteMultipartUpload, CopyObject and UploadPartCopy that were successful:
/// each is a document whose name differs and whose ETag counts.
struct WrittenObjectResult: Sendable {
  let etag: ETag
  let checksum: ObjectChecksum?

  init(_ root: XMLElement, named name: String) throws(XMLError) {
    try root.requireName(name)
    etag = ETag(try root.value("ETag"))
    checksum = root.checksum()
    guard !etag.text.isEmpty else { throw XMLError(.invalidValue, "ETag") }
  }
}

/// The answer to DeleteObjects: what could not be deleted.
struct DeleteResult: Sendable {
  let errors: [ObjectKey: ObjectStoreError]

  init(_ root: XMLElement) throws(XMLError) {
    try root.requireName("DeleteResult")
    var errors: [ObjectKey: ObjectStoreError] = [:]
    for element in root.all("Error") {
      let code = element.child("Code")?.text ?? ""
      let kind = S3ErrorTable.kind(code: code, status: nil)
      // Deleting what is not there is what was wanted.
      guard kind != .notFound else { continue }
      errors[ObjectKey(try element.value("Key"))] = ObjectStoreError(
        kind, code: code, message: element.child("Message")?.text ?? "the object was not deleted")
    }
    self.errors = errors
  }
}

/// The bodies of requests.
enum RequestDocument {
  private static let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

  static func completeUpload(_ parts: [UploadedPart]) -> [UInt8] {
    let list = parts.sorted { $0.number < $1.number }.map { part in
      "<Part><PartNumber>\(part.number)</PartNumber>"
        + "<ETag>\(XMLText.encode(part.etag.quoted))</ETag></Part>"
    }
    return Array(
      "<CompleteMultipartUpload \(namespace)>\(list.joined())</CompleteMultipartUpload>".utf8)
  }

  static func delete(_ keys: [ObjectKey]) -> [UInt8] {
    let list = keys.map { "<Object><Key>\(XMLText.encode($0.text))</Key></Object>" }
    return Array("<Delete \(namespace)><Quiet>true</Quiet>\(list.joined())</Delete>".utf8)
  }

  static func createBucket(region: String) -> [UInt8] {
    let location = "<LocationConstraint>\(XMLText.encode(region))</LocationConstraint>"
    return Array(
      "<CreateBucketConfiguration \(namespace)>\(location)</CreateBucketConfiguration>".utf8)
  }
}
