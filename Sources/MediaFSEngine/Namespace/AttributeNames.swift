import MediaFSCore
import Synchronization

/// Which extended attributes some inodes have. The kernel asks for `security.capability` before
/// every write and for access control lists with many a lookup; hardly any inode has them, and
/// this knows without a query.
final class AttributeNames: Sendable {
  /// Inodes with names that are remembered, some hundred bytes each; when there are more, all are
  /// forgotten.
  private static let maximumCount = 16_384
  /// Names remembered of an inode: more are looked up.
  private static let maximumNames = 16

  private struct State {
    /// Those that have none.
    var bare = InodeSet()
    var names: [InodeNumber: [AttributeName]] = [:]
    /// Counts what was forgotten: what was read before is not remembered.
    var changes: UInt64 = 0
  }

  private let state = Mutex(State())

  /// All names of an inode; from `read`, unless they are known.
  func names(
    of inode: InodeNumber, read: () async throws(FileSystemError) -> [AttributeName]
  ) async throws(FileSystemError) -> [AttributeName] {
    let (known, moment) = state.withLock { state in
      (state.bare.contains(inode) ? [] : state.names[inode], state.changes)
    }
    if let known { return known }
    let names = try await read()
    remember(names, of: inode, since: moment)
    return names
  }

  /// To be taken before what is remembered is read, or made.
  var moment: UInt64 { state.withLock { $0.changes } }

  /// All names of an inode, unless any has changed since that moment.
  func remember(_ names: [AttributeName], of inode: InodeNumber, since moment: UInt64) {
    guard names.count <= Self.maximumNames else { return }
    state.withLock { state in
      guard state.changes == moment else { return }
      if names.isEmpty { return state.bare.insert(inode) }
      if state.names.count >= Self.maximumCount { state.names.removeAll() }
      state.names[inode] = names
    }
  }

  /// They have changed.
  func forget(_ inode: InodeNumber) {
    state.withLock { state in
      state.bare.remove(inode)
      state.names[inode] = nil
      state.changes += 1
    }
  }
}
