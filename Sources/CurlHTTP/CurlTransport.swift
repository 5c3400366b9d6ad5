package import S3Client

/// HTTP by libcurl: all transfers on one thread, connections kept and used again, HTTP/2 where
/// the server offers it in the TLS handshake.
package final class CurlTransport: HTTPTransport {
  private let loop: CurlLoop

  /// Throws when the system has no thread or no memory for it.
  package init(_ options: HTTPTransportOptions) throws(HTTPTransportError) {
    loop = try CurlLoop(options)
    try loop.start()
  }

  /// Transfers under way end with `cancelled`.
  deinit { loop.stop() }

  package func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
    if Task.isCancelled { throw .cancelled }
    let transfer = Transfer(request, loop: loop)
    // Its end cancels the transfer, whichever way this function is left.
    let body = CurlBody(transfer)
    loop.submit(.start(transfer))
    let head = try await transfer.exchange()
    return HTTPResponse(status: head.status, headers: head.headers, body: body)
  }
}
