import S3Client

/// Puts the head of an answer together from the lines that curl gives, one at a time. Pure.
struct ResponseHead {
  /// S3 allows 8 KiB of metadata and more than that is somebody's attempt to fill the memory.
  static let maximumSize = 128 << 10

  private(set) var status = 0
  private(set) var headers = HTTPHeaders()
  /// True from the empty line behind the headers of a final answer on.
  private(set) var isComplete = false
  private var size = 0

  /// Takes one line with its line end; false when the head is not acceptable.
  mutating func append(_ line: [UInt8]) -> Bool {
    // Trailers of a chunked body: nobody asked for them.
    if isComplete { return true }
    size += line.count
    guard size <= Self.maximumSize else { return false }
    let line = Self.trimmed(line[...])
    if line.starts(with: "HTTP/".utf8) { return begin(line) }
    if line.isEmpty {
      // 1xx is followed by the answer proper.
      isComplete = status >= 200
      return status >= 100
    }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return false }
    headers.append(
      String(decoding: line[..<colon], as: UTF8.self),
      String(decoding: Self.trimmed(line[(colon + 1)...]), as: UTF8.self))
    return true
  }

  /// `HTTP/1.1 206 Partial Content`: a new answer, which forgets an interim one before it.
  private mutating func begin(_ line: ArraySlice<UInt8>) -> Bool {
    let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
    guard words.count >= 2, words[1].count == 3,
      let status = Int(String(decoding: words[1], as: UTF8.self)), (100...599).contains(status)
    else { return false }
    self.status = status
    headers = HTTPHeaders()
    return true
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x9 || $0 == 0xA || $0 == 0xD }
    var bytes = bytes.drop(while: isSpace)
    while let last = bytes.last, isSpace(last) { bytes = bytes.dropLast() }
    return bytes
  }
}
