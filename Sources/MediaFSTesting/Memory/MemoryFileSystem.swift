import Glibc
package import MediaFSCore
import MediaFSEngine
package import ObjectStorage
import Synchronization
import SystemPackage

/// A ``FileSystem`` that keeps everything in a ``MemoryTree``: a model, and something to mount.
///
/// A name that begins with "stall" is a file whose reads wait until they are cancelled; one that
/// begins with "late" is looked up no sooner than the caller gives up.
package final class MemoryFileSystem: Sendable {
  enum Handle {
    case file(InodeNumber, OpenFlags)
    /// The entries as they were when reading began at the start.
    case directory(InodeNumber, [DirectoryEntry])

    var inode: InodeNumber {
      switch self {
      case .file(let inode, _), .directory(let inode, _): inode
      }
    }
  }

  struct State {
    var tree: MemoryTree
    var handles: [FileHandle: Handle] = [:]
    var lastHandle: UInt64 = 0
    var stalling: Set<InodeNumber> = []

    mutating func open(_ handle: Handle) throws(Errno) -> FileHandle {
      try tree.retain(handle.inode)
      lastHandle += 1
      handles[FileHandle(lastHandle)] = handle
      return FileHandle(lastHandle)
    }

    mutating func close(_ handle: FileHandle) {
      guard let handle = handles.removeValue(forKey: handle) else { return }
      // Fails only for an inode that is gone, which is what is wanted.
      try? tree.release(handle.inode)
    }

    func inode(of handle: FileHandle) throws(Errno) -> InodeNumber {
      guard let handle = handles[handle] else { throw .badFileDescriptor }
      return handle.inode
    }
  }

  /// How long the kernel may cache names and attributes.
  let timeout: Duration
  private let now: @Sendable () -> Timestamp
  private let onStall: @Sendable () -> Void
  private let state: Mutex<State>

  package init(
    owner: Owner = Owner(user: 0, group: 0), timeout: Duration = .seconds(3600),
    now: @escaping @Sendable () -> Timestamp = MemoryFileSystem.clock,
    onStall: @escaping @Sendable () -> Void = {}
  ) {
    self.timeout = timeout
    self.now = now
    self.onStall = onStall
    state = Mutex(State(tree: MemoryTree(owner: owner, now: now())))
  }

  package static let clock: @Sendable () -> Timestamp = {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(clamping: time.tv_nsec))
  }

  /// The tree as it is, for whoever compares it with another one, and may set times right that
  /// only the other one knows.
  package var tree: MemoryTree {
    get { state.withLock { $0.tree } }
    set { state.withLock { $0.tree = newValue } }
  }

  /// Another one that is and has open the same.
  package func copy() -> MemoryFileSystem {
    let copy = MemoryFileSystem(timeout: timeout, now: now, onStall: onStall)
    copy.become(self)
    return copy
  }

  /// Takes over all that another one is and has open.
  package func become(_ other: MemoryFileSystem) {
    let state = other.state.withLock { $0 }
    self.state.withLock { $0 = state }
  }

  /// Closes all that is open, as the death of all processes does.
  package func closeAll() {
    state.withLock { state in
      for handle in state.handles.keys { state.close(handle) }
    }
  }

  /// Makes a file longer in a way that the kernel does not see; for tests of its cache.
  package func appendBehindKernel(_ bytes: [UInt8], to name: FileName) -> InodeNumber? {
    try? perform("append") { state throws(Errno) in
      let attributes = try state.tree.lookup(name, in: .root).attributes
      try state.tree.write(attributes.inode, at: attributes.size, bytes)
      return attributes.inode
    }
  }

  /// Runs one operation under the lock, at one time, with the error that an edge takes.
  func perform<Result: Sendable>(
    _ operation: String, _ body: (inout State) throws(Errno) -> Result
  ) throws(FileSystemError) -> Result {
    do throws(Errno) {
      return try state.withLock { state throws(Errno) in
        state.tree.now = now()
        return try body(&state)
      }
    } catch {
      throw FileSystemError(error, operation, "the memory filesystem refuses")
    }
  }

  func close(_ handle: FileHandle) {
    state.withLock { $0.close(handle) }
  }

  func isStalling(_ handle: FileHandle) throws(FileSystemError) -> Bool {
    try perform("read") { state throws(Errno) in
      state.stalling.contains(try state.inode(of: handle))
    }
  }

  /// Returns when the task is cancelled.
  func stall() async {
    let (stream, continuation) = AsyncStream<Never>.makeStream()
    onStall()
    for await _ in stream {}
    continuation.finish()
  }

  func entry(_ attributes: FileAttributes) -> Entry {
    Entry(attributes: attributes, entryTimeout: timeout, attributeTimeout: timeout)
  }
}

extension FileName {
  var stalls: Bool { text.utf8.starts(with: "stall".utf8) }
  var isLate: Bool { text.utf8.starts(with: "late".utf8) }
}

extension AttributeChanges.Time {
  func resolved(_ now: Timestamp) -> Timestamp {
    switch self {
    case .now: now
    case .at(let time): time
    }
  }
}
