/// A request as it came over the wire.
struct ReceivedRequest: Sendable {
  /// Which connection it came on, counted from 0.
  let connection: Int
  let method: String
  let path: String
  /// Names in lower case.
  let headers: [String: String]
  /// As much of it as came.
  var body: [UInt8] = []

  /// What the head announces.
  var bodyLength: Int { headers["content-length"].flatMap { Int($0) } ?? 0 }

  /// `nil` for what is no head of a request.
  init?(head: [UInt8], connection: Int) {
    var lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
    guard let words = lines.first?.split(separator: " "), words.count == 3 else { return nil }
    lines.removeFirst()
    var headers: [String: String] = [:]
    for line in lines {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      headers[line[..<colon].lowercased()] = String(value)
    }
    (method, path) = (String(words[0]), String(words[1]))
    self.headers = headers
    self.connection = connection
  }
}
