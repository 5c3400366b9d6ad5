import CFuse3

/// A request of the kernel, as libfuse names it.
///
/// SAFETY: libfuse lets any thread answer a request, and takes the lock of its session to do so.
/// The pointer is good until the one answer; ``FuseRequest``, which cannot be copied, sees to that
/// there is one.
@safe
struct RequestPointer: @unchecked Sendable {
  @unsafe let value: fuse_req_t

  init(_ value: fuse_req_t) {
    unsafe self.value = unsafe value
  }
}

/// A libfuse session.
///
/// SAFETY: libfuse guards a session with a lock of its own; exit, notification and answer may come
/// from any thread. The pointer is good until `fuse_session_destroy`, which ``FuseServer`` calls
/// once, after all other users have been waited for.
@safe
struct SessionPointer: @unchecked Sendable {
  @unsafe let value: OpaquePointer

  init(_ value: OpaquePointer) {
    unsafe self.value = unsafe value
  }
}
