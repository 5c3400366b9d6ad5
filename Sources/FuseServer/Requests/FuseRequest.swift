import CFuse3
import Glibc
import Logging
import MediaFSCore
import MediaFSEngine

/// One request of the kernel. It must be answered exactly once, so it cannot be copied; one that is
/// dropped answers `EIO`, because an application waits for it that not even SIGKILL can help.
struct FuseRequest: ~Copyable, Sendable {
  /// As the kernel names it; for the log.
  let operation: StaticString
  private let pointer: RequestPointer

  init(_ pointer: fuse_req_t?, _ operation: StaticString) {
    guard let pointer = unsafe pointer else {
      preconditionFailure("libfuse calls back with a request")
    }
    self.operation = operation
    unsafe self.pointer = RequestPointer(pointer)
  }

  deinit {
    context.log.error("request without an answer", metadata: ["operation": "\(operation)"])
    unsafe fuse_reply_err(pointer.value, EIO)
  }

  var context: RequestContext {
    guard let context = unsafe fuse_req_userdata(pointer.value) else {
      preconditionFailure("the session was made with a context")
    }
    return unsafe Unmanaged<RequestContext>.fromOpaque(context).takeUnretainedValue()
  }

  /// Who asks; what is made belongs to them.
  var caller: Caller {
    guard let context = unsafe fuse_req_ctx(pointer.value) else {
      return Caller(owner: Owner(user: 0, group: 0))
    }
    return unsafe Caller(
      owner: Owner(user: context.pointee.uid, group: context.pointee.gid),
      umask: context.pointee.umask)
  }

  /// The supplementary groups of who asks, as /proc knows them; none when it does not.
  var groups: Set<UInt32> {
    // NGROUPS_MAX of Linux is 65,536; beyond the first thousand nobody belongs anywhere.
    var list = [UInt32](repeating: 0, count: 1_024)
    let count = unsafe fuse_req_getgroups(pointer.value, CInt(list.count), &list)
    return Set(list.prefix(max(0, Int(count))))
  }

  /// Runs an operation that may wait, and answers with what it returns.
  ///
  /// It starts on this thread, so one that finds everything here never leaves it; the first wait
  /// gives the thread back to libfuse, and the rest runs on the executor.
  consuming func serve(
    _ operation: @escaping @Sendable (any FileSystem) async throws(FileSystemError) -> Reply
  ) {
    let context = context
    let pending = PendingRequest(self)
    let task = Task.immediate(executorPreference: context.executor) {
      let reply: Reply
      do throws(FileSystemError) {
        reply = try await operation(context.fileSystem)
      } catch {
        // Also to who has given up: a name that is not there is no wait that was cut short.
        reply = .failure(error)
      }
      pending.answer(reply)
    }
    pending.enableInterrupt(of: task)
  }

  /// Runs an operation that waits for the local disk at most, and answers.
  consuming func serveNow(
    _ operation: (any FileSystem) throws(FileSystemError) -> Reply
  ) {
    let fileSystem = context.fileSystem
    let reply: Reply
    do throws(FileSystemError) {
      reply = try operation(fileSystem)
    } catch {
      reply = .failure(error)
    }
    answer(reply)
  }

  /// The one place where a request is answered.
  consuming func answer(_ reply: Reply) {
    let context = context
    reply.log(operation, to: context.log)
    let inodes = reply.inodes
    context.known.add(inodes)
    let result = unsafe reply.send(to: pointer.value)
    // The connection is gone, so nobody will release what was opened for this request.
    if result == -ENOENT {
      reply.undo(in: context.fileSystem)
      for inode in inodes { context.forget(inode, count: 1) }
    }
    discard self
  }

  /// Ends a request that the kernel expects no answer to.
  consuming func answerNothing() {
    unsafe fuse_reply_none(pointer.value)
    discard self
  }

  /// From now on an INTERRUPT cancels; at once when it was first.
  func enableInterrupt(_ cancellation: Cancellation) {
    unsafe fuse_req_interrupt_func(
      pointer.value, cancelTask, Unmanaged.passUnretained(cancellation).toOpaque())
  }

  /// Waits for a cancellation that is under way; after this there is none.
  func disableInterrupt() {
    unsafe fuse_req_interrupt_func(pointer.value, nil, nil)
  }
}

private func cancelTask(_ request: fuse_req_t?, _ cancellation: UnsafeMutableRawPointer?) {
  guard let cancellation = unsafe cancellation else { return }
  unsafe Unmanaged<Cancellation>.fromOpaque(cancellation).takeUnretainedValue().cancel()
}
