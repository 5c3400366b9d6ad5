package import ObjectStorage

/// The failures of stores that are not behind a network, in S3's words.
extension ObjectStoreError {
  package static func noSuchKey(_ key: ObjectKey) -> Self {
    Self(.notFound, code: "NoSuchKey", message: "no object \(key.text.debugDescription)")
  }

  package static func noSuchUpload(_ upload: UploadID) -> Self {
    Self(.notFound, code: "NoSuchUpload", message: "no upload \(upload.text.debugDescription)")
  }

  package static func conditionFailed(_ key: ObjectKey) -> Self {
    Self(
      .preconditionFailed, code: "PreconditionFailed",
      message: "\(key.text.debugDescription) is not the version that was meant")
  }

  package static func invalid(_ code: String, _ message: String) -> Self {
    Self(.invalid, code: code, message: message)
  }

  package static func invalidRange(_ range: Range<Int64>) -> Self {
    invalid("InvalidRange", "bytes \(range) are not within the object")
  }

  /// Throws `cancelled` when the current task is.
  package static func throwIfCancelled() throws(ObjectStoreError) {
    if Task.isCancelled {
      throw Self(.cancelled, code: "Cancelled", message: "the task was cancelled")
    }
  }
}

// MARK: - Rules of S3 that every store keeps

extension ObjectKey {
  package func validate() throws(ObjectStoreError) {
    guard byteCount > 0 else { throw .invalid("InvalidRequest", "a key has at least one byte") }
    guard byteCount <= Self.maximumLength else {
      throw .invalid("KeyTooLongError", "a key of \(byteCount) bytes")
    }
  }
}

extension ObjectHeaders {
  /// Names and values of user metadata together, in bytes.
  /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
  private static let maximumMetadata = 2 << 10

  package func validate() throws(ObjectStoreError) {
    let size = metadata.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    guard size <= Self.maximumMetadata else {
      throw .invalid("MetadataTooLarge", "\(size) bytes of metadata")
    }
  }
}

extension StoreLimits {
  package func validate(partNumber number: Int, size: Int64) throws(ObjectStoreError) {
    guard (1...partCount).contains(number) else {
      throw .invalid("InvalidArgument", "part number \(number)")
    }
    guard size <= maximumPartSize else {
      throw .invalid("EntityTooLarge", "a part of \(size) bytes")
    }
  }

  /// What must hold of the parts that an upload is completed with, apart from being there.
  package func validate(completing parts: [UploadedPart]) throws(ObjectStoreError) {
    guard !parts.isEmpty else { throw .invalid("MalformedXML", "no parts") }
    for (part, next) in zip(parts, parts.dropFirst()) {
      guard part.number < next.number else {
        throw .invalid("InvalidPartOrder", "part \(next.number) follows part \(part.number)")
      }
      guard part.size >= minimumPartSize else {
        throw .invalid("EntityTooSmall", "part \(part.number) has \(part.size) bytes")
      }
    }
  }
}
