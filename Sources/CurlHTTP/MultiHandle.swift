import CCurl
import S3Client

/// A curl multi handle: the set of transfers that one thread drives.
///
/// SAFETY: `@unchecked Sendable` because the pointer is shared between the curl thread, which
/// alone calls everything but `wake()`, and any thread that submits work, which calls only
/// `wake()`. curl_multi_wakeup(3) is documented as safe to call from any thread while the handle
/// lives, and the handle lives as long as this object: it is cleaned up in `deinit`, which by
/// reference counting runs after the last user of either kind has let go.
@safe final class MultiHandle: @unchecked Sendable {
  struct Completion {
    let transfer: ObjectIdentifier
    let result: CURLcode
  }

  private let pointer: UnsafeMutableRawPointer

  init(_ options: HTTPTransportOptions) throws(HTTPTransportError) {
    guard CurlLibrary.isReady, let pointer = unsafe curl_multi_init() else {
      throw HTTPTransportError(.setup, "libcurl has no memory for its first handle")
    }
    unsafe self.pointer = pointer
    // One stream per connection, also with HTTP/2: libcurl pauses a stream by not reading its
    // connection, so a slow reader would stop everybody else on it.
    set(CURLMOPT_PIPELINING, 0)
    set(CURLMOPT_MAXCONNECTS, options.connections)
  }

  deinit { unsafe curl_multi_cleanup(pointer) }

  func add(_ easy: EasyHandle) -> CURLMcode { unsafe easy.add(to: pointer) }
  func remove(_ easy: EasyHandle) { unsafe easy.remove(from: pointer) }

  func perform() {
    var running: Int32 = 0
    unsafe curl_multi_perform(pointer, &running)
  }

  /// Waits for the network, for `wake()`, or for the time to pass.
  func poll(milliseconds: Int32) {
    unsafe curl_multi_poll(pointer, nil, 0, milliseconds, nil)
  }

  /// From any thread: ends the present `poll`, or the next.
  func wake() { unsafe curl_multi_wakeup(pointer) }

  /// The next transfer that has ended.
  func nextCompletion() -> Completion? {
    var queued: Int32 = 0
    while let message = unsafe curl_multi_info_read(pointer, &queued) {
      guard unsafe message.pointee.msg == CURLMSG_DONE,
        let easy = unsafe message.pointee.easy_handle,
        let transfer = unsafe CurlCallbacks.transfer(of: easy)
      else { continue }
      return Completion(
        transfer: ObjectIdentifier(transfer), result: unsafe message.pointee.data.result)
    }
    return nil
  }

  private func set(_ option: CURLMoption, _ value: Int) {
    unsafe mediafs_multi_set_long(pointer, option, value)
  }
}

/// libcurl's state for the whole process.
enum CurlLibrary {
  /// curl_global_init(3) once, before any handle is made; it is never undone.
  static let isReady = curl_global_init(Int(CURL_GLOBAL_SSL | CURL_GLOBAL_WIN32)) == CURLE_OK
}
