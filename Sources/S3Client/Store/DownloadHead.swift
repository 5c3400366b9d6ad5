import ObjectStorage

/// The head of an answer to GetObject, compared with what was asked, before a byte is handed out.
struct DownloadHead: Sendable, Hashable {
  let info: ObjectInfo
  let range: Range<Int64>

  init(_ answer: S3Answer, range: Range<Int64>?, ifMatch: ETag?) throws(ObjectStoreError) {
    guard answer.status == (range == nil ? 200 : 206) else {
      throw answer.unusable(
        "asked for \(range == nil ? "an object" : "a range"), got HTTP status \(answer.status)")
    }
    // Not every store knows If-Match on GET. Before the range: another version may be shorter.
    let etag = try answer.etag()
    if let ifMatch, etag != ifMatch {
      throw .otherVersion("the object is \(etag), not \(ifMatch)", answer)
    }
    guard let length = answer.headers.integer("content-length") else {
      throw answer.unusable("the answer does not say how long it is")
    }
    let size: Int64
    if let range {
      let text = answer.headers["content-range"] ?? ""
      guard let content = ContentRange(text),
        content.range == range.clamped(to: 0..<content.size), length == content.range.count
      else {
        throw answer.unusable(
          "asked for \(range.headerText), got \"\(text)\" of \(length) bytes")
      }
      (size, self.range) = (content.size, content.range)
    } else {
      (size, self.range) = (length, 0..<length)
    }
    info = try answer.objectInfo(size: size)
  }
}

extension ObjectStoreError {
  fileprivate static func otherVersion(_ message: String, _ answer: S3Answer) -> Self {
    Self(
      .preconditionFailed, code: "PreconditionFailed", message: message,
      httpStatus: answer.status, requestID: answer.requestID)
  }

  /// A range that the asked version has, and the object has not: it is another version. RFC 9110
  /// lets conditions come before ranges (section 13.2.2); Ceph has it the other way round.
  ///
  /// - Parameter version: that was asked for; `nil` for any.
  func outside(of version: ETag?) -> Self {
    guard httpStatus == 416, let version else { return self }
    return Self(
      .preconditionFailed, code: code, message: "the object is not \(version): \(message)",
      httpStatus: httpStatus, requestID: requestID)
  }
}

/// `bytes 0-9/443` (RFC 9110, section 14.4), with a size that is known.
struct ContentRange: Sendable, Hashable {
  let range: Range<Int64>
  let size: Int64

  init?(_ text: String) {
    guard text.utf8.starts(with: "bytes ".utf8) else { return nil }
    let numbers = text.utf8.dropFirst(6).split(
      omittingEmptySubsequences: false, whereSeparator: { "-/".utf8.contains($0) })
    guard numbers.count == 3, numbers.allSatisfy({ $0.allSatisfy(\.isASCIIDigit) }),
      let first = Int64(String(Substring(numbers[0]))),
      let last = Int64(String(Substring(numbers[1]))),
      let size = Int64(String(Substring(numbers[2]))), first <= last, last < size
    else { return nil }
    range = first..<(last + 1)
    self.size = size
  }
}

extension S3Answer {
  /// Attributes of an object from the answer to HEAD or GET.
  ///
  /// - Parameter size: of the whole object where `Content-Length` is only that of a range.
  func objectInfo(size: Int64? = nil) throws(ObjectStoreError) -> ObjectInfo {
    guard let size = size ?? headers.integer("content-length") else {
      throw unusable("the answer has no Content-Length")
    }
    guard let modified = headers["last-modified"].flatMap(HTTPDate.parse) else {
      throw unusable("the answer has no Last-Modified")
    }
    return ObjectInfo(
      size: size, etag: try etag(), lastModified: modified, headers: ObjectHeaders(headers),
      checksum: headers.objectChecksum)
  }
}
