import MediaFSCore
import Synchronization

/// Which extended attributes some inodes have. The kernel asks for `security.capability` before
/// every write and for access control lists with many a lookup; hardly any inode has them, and
/// this knows without a query.
final class AttributeNames: Sendable {
  /// Inodes remembered, a few dozen bytes each; when there are more, all are forgotten.
  private static let maximumCount = 16_384
  /// Names remembered of an inode: more are looked up.
  private static let maximumNames = 16

  private struct State {
    var names: [InodeNumber: [AttributeName]] = [:]
    /// Counts what was forgotten: what was read before is not remembered.
    var changes: UInt64 = 0
  }

  private let state = Mutex(State())

  /// All names of an inode; from `read`, unless they are known.
  func names(
    of inode: InodeNumber, read: () async throws(FileSystemError) -> [AttributeName]
  ) async throws(FileSystemError) -> [AttributeName] {
    let (known, changes) = state.withLock { ($0.names[inode], $0.changes) }
    if let known { return known }
    let names = try await read()
    guard names.count <= Self.maximumNames else { return names }
    state.withLock { state in
      guard state.changes == changes else { return }
      if state.names.count >= Self.maximumCount { state.names.removeAll() }
      state.names[inode] = names
    }
    return names
  }

  /// They have changed.
  func forget(_ inode: InodeNumber) {
    state.withLock { state in
      state.names[inode] = nil
      state.changes += 1
    }
  }
}
