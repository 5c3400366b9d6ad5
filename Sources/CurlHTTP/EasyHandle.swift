import CCurl
import ObjectStorage
import S3Client

/// A curl easy handle, used for one transfer after the other. Belongs to the curl thread.
@safe final class EasyHandle {
  /// Larger reads from the socket, within the memory budget of ``TransferState``.
  private static let receiveBuffer = 128 << 10
  private static let sendBuffer = 128 << 10

  private let pointer: UnsafeMutableRawPointer
  private var headers: UnsafeMutablePointer<curl_slist>?

  init?() {
    guard let pointer = unsafe curl_easy_init() else { return nil }
    unsafe self.pointer = pointer
    unsafe headers = nil
  }

  deinit {
    unsafe curl_easy_cleanup(pointer)
    unsafe curl_slist_free_all(headers)
  }

  /// Bytes that have moved in either direction since the handle was configured.
  var activity: Int64 {
    var (sent, received, head) = (curl_off_t(0), curl_off_t(0), 0)
    unsafe mediafs_easy_get_offset(pointer, CURLINFO_SIZE_UPLOAD_T, &sent)
    unsafe mediafs_easy_get_offset(pointer, CURLINFO_SIZE_DOWNLOAD_T, &received)
    unsafe mediafs_easy_get_long(pointer, CURLINFO_HEADER_SIZE, &head)
    return Int64(sent) &+ Int64(received) &+ Int64(head)
  }

  /// Lets curl go on in both directions; may call the callbacks.
  func resume() { unsafe curl_easy_pause(pointer, CURLPAUSE_CONT) }

  func add(to multi: UnsafeMutableRawPointer) -> CURLMcode {
    unsafe curl_multi_add_handle(multi, pointer)
  }

  /// Closes the connection of a transfer that has not ended.
  func remove(from multi: UnsafeMutableRawPointer) {
    unsafe curl_multi_remove_handle(multi, pointer)
  }

  /// The first option that curl refuses is an error: none may be ignored, least of all one about
  /// TLS.
  func configure(
    _ transfer: Transfer, _ options: HTTPTransportOptions
  ) throws(HTTPTransportError) {
    reset()
    try configureConnection(options)
    try configureCallbacks(transfer)
    let request = transfer.request
    try set(CURLOPT_URL, request.url)
    if request.isSentOnce { try set(CURLOPT_FRESH_CONNECT, 1) }
    switch request.method {
    case .get: try set(CURLOPT_HTTPGET, 1)
    case .head: try set(CURLOPT_NOBODY, 1)
    case .put, .post:
      try set(CURLOPT_UPLOAD, 1)
      try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
      try setOffset(CURLOPT_INFILESIZE_LARGE, request.body?.length ?? 0)
    case .delete: try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    }
    try setHeaders(request.headers)
  }

  private func reset() {
    unsafe curl_easy_reset(pointer)
    unsafe curl_slist_free_all(headers)
    unsafe headers = nil
  }

  private func configureConnection(_ options: HTTPTransportOptions) throws(HTTPTransportError) {
    try set(CURLOPT_PROTOCOLS_STR, "http,https")
    try set(CURLOPT_FOLLOWLOCATION, 0)
    // Keys are sent as they are, with their "//" and "..".
    try set(CURLOPT_PATH_AS_IS, 1)
    try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
    try set(CURLOPT_HTTP_CONTENT_DECODING, 0)
    try set(CURLOPT_SSL_VERIFYPEER, 1)
    try set(CURLOPT_SSL_VERIFYHOST, 2)
    try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if let caFile = options.caFile { try set(CURLOPT_CAINFO, caFile) }
    if let proxy = options.proxy { try set(CURLOPT_PROXY, proxy) }
    try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(options.connectTimeout / .milliseconds(1))))
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_TCP_NODELAY, 1)
    try set(CURLOPT_TCP_KEEPALIVE, 1)
    try set(CURLOPT_BUFFERSIZE, Self.receiveBuffer)
    try set(CURLOPT_UPLOAD_BUFFERSIZE, Self.sendBuffer)
  }

  private func configureCallbacks(_ transfer: Transfer) throws(HTTPTransportError) {
    let userdata = unsafe Unmanaged.passUnretained(transfer).toOpaque()
    unsafe try check(mediafs_easy_set_pointer(pointer, CURLOPT_PRIVATE, userdata))
    unsafe try check(mediafs_easy_set_pointer(pointer, CURLOPT_HEADERDATA, userdata))
    unsafe try check(mediafs_easy_set_pointer(pointer, CURLOPT_WRITEDATA, userdata))
    unsafe try check(mediafs_easy_set_pointer(pointer, CURLOPT_READDATA, userdata))
    unsafe try set(CURLOPT_HEADERFUNCTION, CurlCallbacks.header)
    unsafe try set(CURLOPT_WRITEFUNCTION, CurlCallbacks.write)
    unsafe try set(CURLOPT_READFUNCTION, CurlCallbacks.read)
  }

  private func setHeaders(_ fields: HTTPHeaders) throws(HTTPTransportError) {
    // "NAME:" removes what curl would add by itself: a body waits for no 100, and nobody is told
    // to accept any type.
    var lines = ["Expect:", "Accept:"]
    // "NAME;" is how curl is told to send a header without a value.
    lines += fields.fields.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
    for line in lines {
      guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
        let longer = unsafe curl_slist_append(headers, line)
      else { throw HTTPTransportError(.setup, "a header cannot be sent") }
      unsafe headers = longer
    }
    unsafe try check(mediafs_easy_set_list(pointer, CURLOPT_HTTPHEADER, headers))
  }
}

extension EasyHandle {
  private func set(_ option: CURLoption, _ value: Int) throws(HTTPTransportError) {
    unsafe try check(mediafs_easy_set_long(pointer, option, value))
  }

  private func set(_ option: CURLoption, _ value: String) throws(HTTPTransportError) {
    unsafe try check(mediafs_easy_set_string(pointer, option, value))
  }

  private func set(
    _ option: CURLoption, _ value: CurlCallbacks.Function
  ) throws(HTTPTransportError) {
    unsafe try check(mediafs_easy_set_callback(pointer, option, value))
  }

  private func setOffset(_ option: CURLoption, _ value: Int64) throws(HTTPTransportError) {
    unsafe try check(mediafs_easy_set_offset(pointer, option, curl_off_t(value)))
  }

  private func check(_ result: CURLcode) throws(HTTPTransportError) {
    guard result == CURLE_OK else {
      throw HTTPTransportError(.setup, CurlResult.text(result))
    }
  }
}
