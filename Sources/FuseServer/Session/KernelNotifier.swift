import CFuse3
import Dispatch
import Glibc
import Logging
import MediaFSCore
import MediaFSEngine
import Synchronization

/// Sends invalidations to the kernel, one after the other, from a queue of its own.
///
/// The kernel may hold a lock that only the answer to a request releases, so the thread that
/// serves this request must not wait for an invalidation. Repeated ones become one.
final class KernelNotifier: KernelCache {
  /// Enough for a listing of the largest sensible directory, at about 100 bytes each. What comes
  /// beyond is dropped and logged; the timeouts of entries and attributes are left then.
  private static let maximumWaiting = 65_536

  private enum Notification: Hashable {
    case inode(InodeNumber)
    case name(FileName, InodeNumber)
  }

  private struct State {
    var order: [Notification] = []
    /// Whom to tell when it was sent.
    var waiting: [Notification: [@Sendable () -> Void]] = [:]
    var isSending = false
    var isClosed = false
  }

  private let session: SessionPointer
  private let inodes: KnownInodes
  private let log: Logger
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "mediafs.fuse.notify")

  init(session: SessionPointer, inodes: KnownInodes, log: Logger) {
    self.session = session
    self.inodes = inodes
    self.log = log
  }

  func knows(_ inode: InodeNumber) -> Bool { inodes.contains(inode) }

  func invalidate(_ inode: InodeNumber) {
    add(.inode(inode)) {}
  }

  func invalidate(
    _ name: FileName, in parent: InodeNumber, told: @escaping @Sendable () -> Void
  ) {
    add(.name(name, parent), told)
  }

  /// Sends no more, and waits until the one on its way is through.
  func close() {
    state.withLock { state in
      state.isClosed = true
      state.order = []
      state.waiting = [:]
    }
    queue.sync {}
  }

  private func add(_ notification: Notification, _ told: @escaping @Sendable () -> Void) {
    let (isDropped, mustStart) = state.withLock { state -> (Bool, Bool) in
      guard !state.isClosed else { return (false, false) }
      if state.waiting[notification] != nil {
        state.waiting[notification]?.append(told)
        return (false, false)
      }
      guard state.order.count < Self.maximumWaiting else { return (true, false) }
      state.order.append(notification)
      state.waiting[notification] = [told]
      defer { state.isSending = true }
      return (false, !state.isSending)
    }
    if isDropped { log.error("too many invalidations wait for the kernel; one is dropped") }
    if mustStart { queue.async { self.sendAll() } }
  }

  private func sendAll() {
    while let batch = nextBatch() {
      for (notification, told) in batch where !isClosed {
        send(notification)
        for tell in told { tell() }
      }
    }
  }

  private var isClosed: Bool { state.withLock { $0.isClosed } }

  /// What waits now; one that comes while it is sent must be sent again.
  private func nextBatch() -> [(Notification, told: [@Sendable () -> Void])]? {
    state.withLock { state in
      let batch = state.order.map { ($0, told: state.waiting[$0] ?? []) }
      state.order = []
      state.waiting = [:]
      state.isSending = !batch.isEmpty
      return batch.isEmpty ? nil : batch
    }
  }

  private func send(_ notification: Notification) {
    let result: CInt
    switch notification {
    case .inode(let inode):
      // From 0 to the end: attributes and all pages.
      result = unsafe fuse_lowlevel_notify_inval_inode(
        session.value, fuse_ino_t(inode: inode), 0, 0)
    case .name(let name, let parent):
      result = expire(name, in: parent)
    }
    // ENOENT: the kernel does not know it, so there is nothing to drop.
    if result != 0, result != -ENOENT {
      log.debug("invalidation failed", metadata: ["errno": "\(-result)"])
    }
  }

  /// Makes the kernel ask for a name again before it uses it. Dropping it would take it away from
  /// those who have it for their working directory, although it may be what it was; kernels
  /// before 6.2 know nothing else.
  private func expire(_ name: FileName, in parent: InodeNumber) -> CInt {
    let (parent, text) = (fuse_ino_t(inode: parent), name.text)
    let result = unsafe fuse_lowlevel_notify_expire_entry(
      session.value, parent, text, text.utf8.count, FUSE_LL_EXPIRE_ONLY)
    guard result == -ENOSYS else { return result }
    return unsafe fuse_lowlevel_notify_inval_entry(session.value, parent, text, text.utf8.count)
  }
}
