import CCurl
import S3Client

/// curl's verdict on a transfer, in the transport's words (libcurl-errors(3)).
enum CurlResult {
  static func outcome(_ result: CURLcode) -> TransferState.Outcome {
    if result == CURLE_OK { return .complete }
    return .failed(HTTPTransportError(kind(result), text(result)))
  }

  static func text(_ result: CURLcode) -> String {
    unsafe String(cString: curl_easy_strerror(result))
  }

  private static func kind(_ result: CURLcode) -> HTTPTransportError.Kind {
    switch result {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .couldNotResolve
    case CURLE_COULDNT_CONNECT: .couldNotConnect
    // The only timeout that curl watches; stalls are watched by the loop.
    case CURLE_OPERATION_TIMEDOUT: .connectTimeout
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_INVALIDCERTSTATUS:
      .tls
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR,
      CURLE_SEND_FAIL_REWIND, CURLE_HTTP2, CURLE_HTTP2_STREAM:
      .connectionLost
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_FAILED_INIT: .setup
    // Among them CURLE_OUT_OF_MEMORY, which is also curl's word for a header line beyond its
    // limit: the request has then been sent.
    default: .invalidAnswer
    }
  }
}
