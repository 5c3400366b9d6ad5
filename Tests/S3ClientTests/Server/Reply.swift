/// What the server does with one request.
struct Reply: Sendable {
  let perform: @Sendable (Peer) -> Void

  /// - Parameter perform: finds the head read and the body not.
  init(_ perform: @escaping @Sendable (Peer) -> Void) {
    self.perform = perform
  }

  /// Takes the whole request and answers as it is written here.
  static func text(_ answer: String) -> Reply {
    Reply { peer in
      peer.readBody()
      peer.send(answer)
    }
  }

  /// An answer whose length is right.
  static func answer(
    _ status: Int, _ headers: [String] = [], _ body: String = ""
  ) -> Reply {
    text(head(status, headers + ["Content-Length: \(body.utf8.count)"]) + body)
  }

  static func object(_ body: String, etag: String = "\"e\"") -> Reply {
    answer(200, attributes(etag: etag), body)
  }

  static func error(_ status: Int, _ code: String) -> Reply {
    answer(status, [], "<Error><Code>\(code)</Code><Message>m</Message></Error>")
  }

  /// The answer is lost: takes the request and hangs up.
  static let hangUp = Reply { peer in
    peer.readBody()
    peer.close()
  }

  static func head(_ status: Int, _ headers: [String]) -> String {
    "HTTP/1.1 \(status) Text\r\n" + headers.map { "\($0)\r\n" }.joined() + "\r\n"
  }

  static func attributes(etag: String = "\"e\"") -> [String] {
    ["ETag: \(etag)", "Last-Modified: Fri, 24 May 2013 00:00:00 GMT"]
  }
}
