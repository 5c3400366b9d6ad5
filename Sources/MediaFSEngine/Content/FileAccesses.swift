import MediaFSCache
import MediaFSCore
import Synchronization
import SystemPackage

/// In which way the files are open that are.
///
/// The kernel reads an inode either through its page cache or from the content file, and refuses
/// an open that says otherwise (fs/fuse/iomode.c). So the way belongs to the inode from its first
/// open to its last release; what the kernel knows of that is never newer than what is known here.
final class FileAccesses: Sendable {
  private enum Way {
    case cached(opens: Int)
    case passedThrough(BackingNumber, FileContent, opens: Int)
  }

  private struct State {
    var ways: [InodeNumber: Way] = [:]
    /// What is passed through, in bytes: none of it can be evicted.
    var held: Int64 = 0
    var files: (any BackingFiles)?
  }

  /// So many bytes of the cache may be passed through at once: the rest has to do for what is
  /// fetched and written meanwhile.
  private let limit: Int64
  private let state = Mutex(State())

  init(cacheSize: Int64) {
    limit = cacheSize / 2
  }

  func attach(_ files: any BackingFiles) {
    state.withLock { $0.files = files }
  }

  /// Why the kernel reads no content file itself; `nil` where it does.
  var obstacle: String? {
    let files = state.withLock { $0.files }
    guard let files else { return "it is switched off (mount.passthrough)" }
    return files.obstacle
  }

  var status: VolumeStatus.Passthrough {
    let obstacle = obstacle
    return state.withLock { state in
      let files = state.ways.values.count { way in
        if case .passedThrough = way { true } else { false }
      }
      return VolumeStatus.Passthrough(files: files, bytes: state.held, obstacle: obstacle)
    }
  }

  /// One more open. To be ended by ``end(_:)``.
  ///
  /// - Parameter mayPass: the kernel may read the content file, if it reads none of the inode in
  ///   another way. It then is all there, and stays until the end.
  /// - Throws: `ESTALE` while others have an earlier content of the inode from the kernel, which
  ///   has one file for each inode.
  func begin(
    _ content: FileContent, mayPass: Bool
  ) throws(FileSystemError) -> FileAccess {
    // Registering takes the kernel no time: it waits for nothing.
    try state.withLock { state throws(FileSystemError) in
      let inode = content.inode
      switch state.ways[inode] {
      case .cached(let opens):
        state.ways[inode] = .cached(opens: opens + 1)
        return .cached
      case .passedThrough(let number, let passed, let opens):
        guard passed === content else {
          throw FileSystemError(
            .staleNFSFileHandle, "open", "Others read an earlier version of inode \(inode)")
        }
        state.ways[inode] = .passedThrough(number, passed, opens: opens + 1)
        return mayPass ? .passedThrough(number) : .direct(number)
      case nil:
        guard mayPass, let number = pass(content, &state) else {
          state.ways[inode] = .cached(opens: 1)
          return .cached
        }
        state.ways[inode] = .passedThrough(number, content, opens: 1)
        return .passedThrough(number)
      }
    }
  }

  private func pass(_ content: FileContent, _ state: inout State) -> BackingNumber? {
    // Where nobody can tell later whether it is still mapped, it does not pass.
    guard let files = state.files, files.obstacle == nil, let descriptor = content.file.backing,
      content.file.isUsedElsewhere() != nil
    else { return nil }
    let size = content.hold(within: limit - state.held)
    guard let size else { return nil }
    guard let number = try? files.register(descriptor) else {
      content.letGo()
      return nil
    }
    state.held += size
    return number
  }

  func end(_ inode: InodeNumber) {
    let ended = state.withLock { state -> (any BackingFiles, BackingNumber)? in
      switch state.ways[inode] {
      case .cached(let opens):
        state.ways[inode] = opens > 1 ? .cached(opens: opens - 1) : nil
      case .passedThrough(let number, let content, let opens) where opens > 1:
        state.ways[inode] = .passedThrough(number, content, opens: opens - 1)
      case .passedThrough(let number, let content, _):
        state.ways[inode] = nil
        state.held -= content.letGo()
        return state.files.map { ($0, number) }
      case nil: break
      }
      return nil
    }
    if let (files, number) = ended { files.unregister(number) }
  }
}

extension FileContent {
  /// Keeps all of the file from being evicted, if all of it is here, and no more than so many
  /// bytes; `nil` if not. Returns how many.
  fileprivate func hold(within limit: Int64) -> Int64? {
    state.withLock { state in
      let lifecycle = state.lifecycle
      guard lifecycle.size <= limit, !state.isSuperseded, state.damaged.isEmpty,
        lifecycle.missing(in: 0..<lifecycle.size).isEmpty
      else { return nil }
      state.held = lifecycle.size
      return lifecycle.size
    }
  }

  @discardableResult
  fileprivate func letGo() -> Int64 {
    state.withLock { state in
      defer { state.held = nil }
      return state.held ?? 0
    }
  }
}
