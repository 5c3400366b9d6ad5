import S3Client

/// The body of an answer; the connection is the next one's as soon as it is read or dropped.
final class CurlBody: HTTPBody {
  private let transfer: Transfer

  init(_ transfer: Transfer) {
    self.transfer = transfer
  }

  deinit { transfer.cancel() }

  func next() async throws(HTTPTransportError) -> [UInt8]? {
    try await transfer.read()
  }

  func cancel() { transfer.cancel() }
}
