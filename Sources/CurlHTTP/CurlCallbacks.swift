import CCurl

/// What curl calls on its thread; `userdata` is the transfer, which the loop keeps alive.
enum CurlCallbacks {
  typealias Function =
    @convention(c) (
      UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?
    ) -> Int

  /// Header lines; anything but the count refuses the answer.
  static let header: Function = { bytes, size, count, userdata in
    guard let bytes = unsafe bytes, let transfer = unsafe from(userdata) else { return 0 }
    let line = unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: size * count))
    return transfer.receiveHeader(line) ? size * count : 0
  }

  /// Bytes of the answer's body.
  static let write: Function = { bytes, size, count, userdata in
    guard let bytes = unsafe bytes, let transfer = unsafe from(userdata) else { return 0 }
    let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe transfer.receive(buffer) ? size * count : Int(CURL_WRITEFUNC_PAUSE)
  }

  /// Bytes of the request's body.
  static let read: Function = { bytes, size, count, userdata in
    guard let bytes = unsafe bytes, let transfer = unsafe from(userdata) else {
      return Int(CURL_READFUNC_ABORT)
    }
    let buffer = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
    return unsafe transfer.send(into: buffer) ?? Int(CURL_READFUNC_PAUSE)
  }

  /// The transfer that a handle was configured for.
  static func transfer(of easy: UnsafeMutableRawPointer) -> Transfer? {
    var userdata: UnsafeMutablePointer<CChar>?
    unsafe mediafs_easy_get_pointer(easy, CURLINFO_PRIVATE, &userdata)
    return unsafe from(UnsafeMutableRawPointer(userdata))
  }

  private static func from(_ userdata: UnsafeMutableRawPointer?) -> Transfer? {
    guard let userdata = unsafe userdata else { return nil }
    return unsafe Unmanaged<Transfer>.fromOpaque(userdata).takeUnretainedValue()
  }
}
