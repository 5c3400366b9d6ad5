package import ObjectStorage

/// Sends HTTP requests. The edge between the S3 dialect and the network.
package protocol HTTPTransport: Sendable {
  /// Sends one request, once, and returns when the head of the answer is here; redirects are not
  /// followed and nothing is decoded. The body of the request is read on the caller's executor,
  /// which may block. Cancelling the task ends the transfer at once.
  func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse
}

package enum HTTPMethod: String, Sendable {
  case get = "GET"
  case head = "HEAD"
  case put = "PUT"
  case post = "POST"
  case delete = "DELETE"
}

package struct HTTPRequest: Sendable {
  package var method: HTTPMethod
  /// Complete and percent-encoded; sent as it is.
  package var url: String
  package var headers: HTTPHeaders
  /// Sent with its length as `Content-Length`, never in chunks.
  package var body: (any ObjectSource)?
  /// The longest time in which no byte moves in either direction while this side is ready.
  package var stallTimeout: Duration
  /// Not on a connection that was used before: one that has died meanwhile makes the transport send
  /// the request once more without a word.
  package var isSentOnce: Bool

  package init(
    method: HTTPMethod, url: String, headers: HTTPHeaders = HTTPHeaders(),
    body: (any ObjectSource)? = nil, stallTimeout: Duration = .seconds(60),
    isSentOnce: Bool = false
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.stallTimeout = stallTimeout
    self.isSentOnce = isSentOnce
  }
}

/// The head of an answer, with its body still on the way.
package struct HTTPResponse: Sendable {
  package let status: Int
  package let headers: HTTPHeaders
  package let body: any HTTPBody

  package init(status: Int, headers: HTTPHeaders, body: any HTTPBody) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// The body of an answer, with back-pressure: what is not asked for stays in the network.
package protocol HTTPBody: AnyObject, Sendable {
  /// The next bytes (never empty), `nil` at the end that the answer's framing announced. A body
  /// that ends before it throws. One caller at a time.
  func next() async throws(HTTPTransportError) -> [UInt8]?

  /// Ends the transfer and closes its connection unless the body has been read to its end.
  /// Dropping the last reference does the same.
  func cancel()
}

/// What a transport has to be told once.
package struct HTTPTransportOptions: Sendable, Hashable {
  /// Idle connections that are kept for the next request.
  package var connections: Int
  package var connectTimeout: Duration
  /// A PEM file of the authorities to trust instead of the system's.
  package var caFile: String?
  /// `http://HOST:PORT`; "" for none; `nil` for what `https_proxy` and its like say.
  package var proxy: String?

  package init(
    connections: Int = 40, connectTimeout: Duration = .seconds(10), caFile: String? = nil,
    proxy: String? = nil
  ) {
    self.connections = connections
    self.connectTimeout = connectTimeout
    self.caFile = caFile
    self.proxy = proxy
  }
}
