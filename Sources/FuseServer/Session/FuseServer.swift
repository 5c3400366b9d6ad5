import CFuse3
import Dispatch
import Glibc
package import Logging
package import MediaFSEngine
package import SystemPackage
import Synchronization

/// One mount: hands the kernel's requests to a ``FileSystem`` until it is unmounted or stopped.
package final class FuseServer: Sendable {
  /// Threads that take requests from the kernel. They work until the first suspension of a request
  /// and never wait for the network, so ten keep a disk busy; each costs a buffer of 1 MiB.
  private static let threads: UInt32 = 10

  /// How long ``run()`` waits for cancelled requests before it leaves them behind.
  private static let drainTime: DispatchTimeInterval = .seconds(10)

  private enum State {
    case mounted(SessionPointer)
    /// Taken out of the namespace by ``stop()``; what has its name now is another mount.
    case detached(SessionPointer)
    case ended

    var session: SessionPointer? {
      switch self {
      case .mounted(let session), .detached(let session): session
      case .ended: nil
      }
    }
  }

  private let mountpoint: FilePath
  private let context: RequestContext
  private let notifier: KernelNotifier
  private let state: Mutex<State>

  private init(
    session: SessionPointer, mountpoint: FilePath, context: RequestContext, log: Logger
  ) {
    self.mountpoint = mountpoint
    self.context = context
    notifier = KernelNotifier(session: session, inodes: context.known, log: log)
    state = Mutex(.mounted(session))
  }

  /// Makes the mount. It is there on return, and its requests wait for ``run()``.
  ///
  /// - Parameter executor: continues requests that had to wait; its threads may block.
  package static func mount(
    _ fileSystem: any FileSystem, at mountpoint: FilePath, options: MountOptions,
    executor: any TaskExecutor, log: Logger
  ) throws(MountError) -> FuseServer {
    LibfuseLog.install()
    let mountpoint = try mountpoint.checkedMountpoint(subtype: options.subtype)
    try MountError.checkDevice()
    let context = RequestContext(fileSystem: fileSystem, executor: executor, log: log)
    let session = try makeSession(options: options, context: context)
    let (result, messages) = LibfuseLog.capturing {
      unsafe mountpoint.withPlatformString { unsafe fuse_session_mount(session.value, $0) }
    }
    if result != 0 {
      unsafe fuse_session_destroy(session.value)
      unsafe Unmanaged.passUnretained(context).release()
      throw geteuid() == 0 ? .refused(messages) : .notPermitted("mount as root, or \(messages)")
    }
    Readahead.raise(at: mountpoint, log)
    context.passthrough.attach(session)
    do throws(Errno) {
      try SessionIO.install(on: session)
    } catch {
      unsafe fuse_session_unmount(session.value)
      unsafe fuse_session_destroy(session.value)
      unsafe Unmanaged.passUnretained(context).release()
      throw .refused("the session cannot be served: \(error)")
    }
    return FuseServer(session: session, mountpoint: mountpoint, context: context, log: log)
  }

  /// The session retains `context`; ``end(session:)`` releases it.
  private static func makeSession(
    options: MountOptions, context: RequestContext
  ) throws(MountError) -> SessionPointer {
    var operations = fuse_lowlevel_ops.served
    let userdata = unsafe Unmanaged.passRetained(context)
    let (session, messages) = LibfuseLog.capturing { () -> SessionPointer? in
      var arguments = unsafe fuse_args()
      defer { unsafe fuse_opt_free_args(&arguments) }
      for word in ["mediafs", "-o", options.argument] {
        if unsafe fuse_opt_add_arg(&arguments, word) != 0 { return nil }
      }
      let session = unsafe fuse_session_new(
        &arguments, &operations, MemoryLayout<fuse_lowlevel_ops>.size, userdata.toOpaque())
      return unsafe session.map { unsafe SessionPointer($0) }
    }
    guard let session else {
      unsafe userdata.release()
      throw .refused(messages)
    }
    return session
  }

  /// Tells the kernel to forget what it caches; never blocks the caller.
  package var kernelCache: any KernelCache { notifier }

  /// The kernel's own way to the files of the disk.
  package var backingFiles: any BackingFiles { context.passthrough }

  /// Serves requests until the mount is gone. Blocks; returns when nothing of the mount is left.
  ///
  /// After ``stop()`` it only tidies up; it must be called once, or the mount is left to the end of
  /// the process.
  ///
  /// - Throws: what made libfuse's loop end early, after unmounting.
  package func run() throws(Errno) {
    guard let session = state.withLock({ $0.session }) else { return }
    let configuration = unsafe fuse_loop_cfg_create()
    unsafe fuse_loop_cfg_set_max_threads(configuration, Self.threads)
    let result = unsafe fuse_session_loop_mt(session.value, configuration)
    unsafe fuse_loop_cfg_destroy(configuration)
    end(session: session)
    if result < 0 { throw Errno(rawValue: -result) }
  }

  /// Unmounts and makes ``run()`` return, from any thread that is not serving a request.
  ///
  /// A busy mount goes as well: requests under way end with `EINTR` or `ECONNABORTED`, and what is
  /// open on it gets `ENOTCONN` from then on. A service that is told to stop must not wait for a
  /// shell that stands in the directory, and what was acknowledged is on the disk.
  package func stop() {
    state.withLock { state in
      guard case .mounted(let session) = state else { return }
      state = .detached(session)
      guard session.isConnected else { return }
      do throws(Errno) {
        try detach()
      } catch {
        context.log.error("cannot unmount", metadata: ["error": "\(error)"])
      }
    }
  }

  private func detach() throws(Errno) {
    do throws(Errno) {
      try mountpoint.unmount()
    } catch {
      switch error {
      case .resourceBusy:
        // Those who wait for the store get an answer; it would be too late after the connection.
        _ = context.waiting.cancelAll(timeout: Self.drainTime)
        try mountpoint.unmountByForce()
      case .notPermitted: try mountpoint.unmountByHelper()
      default: throw error
      }
    }
  }

  /// The threads of the loop have ended; what is left are requests that wait and notifications.
  private func end(session: SessionPointer) {
    if session.isConnected {
      // The loop failed. Nobody reads requests any more, so nothing may wait for one.
      try? mountpoint.unmountByForce()
    }
    notifier.close()
    let isDrained = context.waiting.cancelAll(timeout: Self.drainTime)
    state.withLock { $0 = .ended }
    guard isDrained else {
      // Their answers still need the session. The process ends soon and takes it along.
      context.log.error("requests ignore their cancellation; their session is left behind")
      return
    }
    context.passthrough.close()
    unsafe fuse_session_unmount(session.value)
    unsafe fuse_session_destroy(session.value)
    unsafe Unmanaged.passUnretained(context).release()
  }
}
