/// What a store says of an object without giving its bytes.
package struct ObjectInfo: Sendable, Hashable {
  /// Length of the whole object in bytes.
  package var size: Int64
  package var etag: ETag
  package var lastModified: Timestamp
  package var headers: ObjectHeaders
  /// Of all its bytes, where the store has told it.
  package var checksum: ObjectChecksum?

  package init(
    size: Int64, etag: ETag, lastModified: Timestamp, headers: ObjectHeaders,
    checksum: ObjectChecksum? = nil
  ) {
    self.size = size
    self.etag = etag
    self.lastModified = lastModified
    self.headers = headers
    self.checksum = checksum
  }
}

/// What is kept with an object besides its bytes.
package struct ObjectHeaders: Sendable, Hashable {
  package var contentType: String?
  package var contentEncoding: String?
  package var cacheControl: String?
  package var storageClass: String?
  /// User metadata: lower-case names without `x-amz-meta-`, and their values.
  package var metadata: [String: String]

  package init(
    contentType: String? = nil, contentEncoding: String? = nil, cacheControl: String? = nil,
    storageClass: String? = nil, metadata: [String: String] = [:]
  ) {
    self.contentType = contentType
    self.contentEncoding = contentEncoding
    self.cacheControl = cacheControl
    self.storageClass = storageClass
    self.metadata = metadata
  }
}

/// A part that the store holds of an unfinished upload.
package struct UploadedPart: Sendable, Hashable {
  package var number: Int
  package var etag: ETag
  /// In bytes.
  package var size: Int64
  /// With which it was sent, or copied; a listing of parts does not tell it.
  package var checksum: ObjectChecksum?

  package init(number: Int, etag: ETag, size: Int64, checksum: ObjectChecksum? = nil) {
    self.number = number
    self.etag = etag
    self.size = size
    self.checksum = checksum
  }
}

/// A multipart upload that was begun and neither completed nor aborted.
package struct UnfinishedUpload: Sendable, Hashable {
  package var key: ObjectKey
  package var upload: UploadID
  package var initiated: Timestamp

  package init(key: ObjectKey, upload: UploadID, initiated: Timestamp) {
    self.key = key
    self.upload = upload
    self.initiated = initiated
  }
}
