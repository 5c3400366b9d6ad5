import ObjectStorage
import PosixIO

/// What the embedded store keeps with an object besides its bytes.
///
/// Holds for the file whose size and time of modification it names. Both survive `cp -a` and `rsync
/// -aX`, as does the extended attribute that the record is kept in; a file that somebody edited in
/// place no longer fits its record and so gets another ETag.
struct ObjectRecord: Hashable, Sendable {
  /// The extended attribute.
  static let attribute = "user.mediafs-store"

  var etag: ETag
  var size: Int64
  var modified: Timestamp
  var headers: ObjectHeaders
  /// The multipart upload that made the object: completing it again gives the same answer.
  var upload: UploadID?

  func describes(_ status: FileStatus) -> Bool {
    size == status.size && modified == status.modificationTime
  }

  /// For a file that has no record: changes whenever the content does.
  static func derived(from status: FileStatus) -> ObjectRecord {
    let time = status.modificationTime
    let etag = ETag("\(time.seconds).\(time.nanoseconds)-\(status.size)")
    return ObjectRecord(
      etag: etag, size: status.size, modified: time, headers: ObjectHeaders(), upload: nil)
  }

  var info: ObjectInfo {
    ObjectInfo(size: size, etag: etag, lastModified: modified, headers: headers)
  }
}

// MARK: - Text

/// Lines of words. In words, bytes up to the space, DEL and "%" are written as "%" and two digits.
extension ObjectRecord {
  func encode() -> [UInt8] {
    var lines = [
      ["etag", etag.text], ["size", String(size)],
      ["modified", String(modified.seconds), String(modified.nanoseconds)],
    ]
    if let upload { lines.append(["upload", upload.text]) }
    return Self.encode(lines + Self.lines(of: headers))
  }

  /// `nil` when it is not a record, or one of a later version that cannot be understood.
  init?(decoding bytes: [UInt8]) {
    guard let lines = Self.decode(bytes) else { return nil }
    let fields = Dictionary(lines.map { ($0[0], $0) }) { first, _ in first }
    guard let etag = fields["etag"], etag.count == 2, let size = fields["size"], size.count == 2,
      let size = Int64(size[1]), let time = fields["modified"], time.count == 3,
      let seconds = Int64(time[1]), let nanoseconds = Int32(time[2])
    else { return nil }
    self.etag = ETag(etag[1])
    self.size = size
    modified = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    headers = Self.headers(of: lines)
    upload = fields["upload"].flatMap { $0.count == 2 ? UploadID($0[1]) : nil }
  }

  static func lines(of headers: ObjectHeaders) -> [[String]] {
    let named = [
      ("type", headers.contentType), ("encoding", headers.contentEncoding),
      ("cache", headers.cacheControl), ("class", headers.storageClass),
    ]
    let lines = named.compactMap { name, value in value.map { [name, $0] } }
    return lines + headers.metadata.map { ["meta", $0.key, $0.value] }
  }

  static func headers(of lines: [[String]]) -> ObjectHeaders {
    var headers = ObjectHeaders()
    for line in lines {
      switch (line[0], line.count) {
      case ("type", 2): headers.contentType = line[1]
      case ("encoding", 2): headers.contentEncoding = line[1]
      case ("cache", 2): headers.cacheControl = line[1]
      case ("class", 2): headers.storageClass = line[1]
      case ("meta", 3): headers.metadata[line[1]] = line[2]
      default: continue
      }
    }
    return headers
  }

  static func encode(_ lines: [[String]]) -> [UInt8] {
    var bytes: [UInt8] = []
    for line in lines {
      for (index, word) in line.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: " ")) }
        for byte in word.utf8 { bytes += escape(byte) }
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }

  static func decode(_ bytes: [UInt8]) -> [[String]]? {
    var lines: [[String]] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      var words: [String] = []
      for word in line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false) {
        guard let text = unescape(word) else { return nil }
        words.append(text)
      }
      lines.append(words)
    }
    return lines
  }

  private static func escape(_ byte: UInt8) -> [UInt8] {
    guard byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "%") else { return [byte] }
    let digits = Array("0123456789ABCDEF".utf8)
    return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }

  private static func unescape(_ word: ArraySlice<UInt8>) -> String? {
    var bytes: [UInt8] = []
    var rest = word
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      guard rest.count >= 2, let value = UInt8(digits, radix: 16) else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
