import CFuse3
import CLinux
import Glibc
import MediaFSEngine
import Synchronization
import SystemPackage

/// The kernel reads a file of the disk by itself where the filesystem gives it one (FUSE
/// passthrough, Linux 6.9): it is then as fast as that disk.
///
/// libfuse has words for it from 3.17 on. What an older one says to the kernel is completed on its
/// way (``SessionIO``), in the terms of linux/fuse.h.
final class Passthrough: BackingFiles {
  private enum State {
    /// INIT was not answered yet; its number, once it has come.
    case unknown(initialization: UInt64?)
    case lacking(String)
    case there
  }

  private let state = Mutex(State.unknown(initialization: nil))
  /// Of the connection; set before the first request.
  private let session = Mutex<SessionPointer?>(nil)

  func attach(_ session: SessionPointer) {
    self.session.withLock { $0 = session }
  }

  var obstacle: String? {
    state.withLock { state in
      switch state {
      case .unknown: "the kernel was not asked yet"
      case .lacking(let reason): reason
      case .there: nil
      }
    }
  }

  // MARK: INIT

  /// What of `fuse_init_in` and `fuse_init_out` matters: words of 32 bits behind the header.
  private enum Initialization {
    static let flags = 3
    static let offeredFlags2 = 4
    static let flags2 = 8
    static let stackDepth = 9
    /// `FUSE_INIT_EXT` in the first flags: there are second ones.
    static let hasFlags2: UInt32 = 1 << 30
    /// `FUSE_PASSTHROUGH` in the second ones.
    static let passthrough: UInt32 = 1 << 5
    /// Filesystems that may lie beneath one another where content files are: none.
    static let depth: UInt32 = 1
  }

  /// - Parameters:
  ///   - body: of the request, behind its header.
  ///   - number: that its answer will have.
  func initialize(_ body: UnsafeRawBufferPointer, number: UInt64) {
    let isOffered =
      unsafe body.word(Initialization.flags) & Initialization.hasFlags2 != 0
      && body.word(Initialization.offeredFlags2) & Initialization.passthrough != 0
    state.withLock { state in
      state =
        isOffered
        ? .unknown(initialization: number)
        : .lacking("the kernel cannot pass files through (Linux 6.9 and later can)")
    }
  }

  /// Completes the answer to INIT, should this be it.
  func complete(_ body: UnsafeMutableRawBufferPointer, number: UInt64) {
    let isWanted = state.withLock { state -> Bool in
      guard case .unknown(number) = state, body.count > Initialization.stackDepth * 4 else {
        return false
      }
      state = .there
      return true
    }
    guard isWanted else { return }
    unsafe body.set(
      Initialization.flags, body.word(Initialization.flags) | Initialization.hasFlags2)
    unsafe body.set(
      Initialization.flags2, body.word(Initialization.flags2) | Initialization.passthrough)
    unsafe body.set(Initialization.stackDepth, Initialization.depth)
  }

  var isInitializing: Bool {
    state.withLock { state in
      if case .unknown(.some) = state { true } else { false }
    }
  }

  // MARK: Files

  func register(_ descriptor: CInt) throws(Errno) -> BackingNumber {
    guard let connection else { throw .badFileDescriptor }
    var map = fuse_backing(fd: descriptor, flags: 0, padding: 0)
    let number = unsafe ioctl(connection, linux_fuse_backing_open, &map)
    if number >= 0 { return BackingNumber(number) }
    let error = Errno(rawValue: errno)
    let reason: String? =
      switch error {
      case .notPermitted: "the daemon may not: it needs CAP_SYS_ADMIN"
      case .tooManySymbolicLinkLevels:
        "the cache's filesystem lies on another one (overlayfs): choose another cache.directory"
      case .notSupported: "the cache's filesystem cannot be read by another one"
      default: nil
      }
    if let reason { state.withLock { $0 = .lacking(reason) } }
    throw error
  }

  func unregister(_ number: BackingNumber) {
    guard let connection else { return }
    var number = UInt32(bitPattern: number.value)
    _ = unsafe ioctl(connection, linux_fuse_backing_close, &number)
  }

  private var connection: CInt? {
    session.withLock { $0 }.map { unsafe fuse_session_fd($0.value) }
  }

  /// No descriptor of the connection is used any more.
  func close() {
    session.withLock { $0 = nil }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func word(_ index: Int) -> UInt32 {
    guard count >= index * 4 + 4 else { return 0 }
    return unsafe loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate func word(_ index: Int) -> UInt32 {
    unsafe UnsafeRawBufferPointer(self).word(index)
  }

  fileprivate func set(_ index: Int, _ value: UInt32) {
    unsafe storeBytes(of: value, toByteOffset: index * 4, as: UInt32.self)
  }
}
