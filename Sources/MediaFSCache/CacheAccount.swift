import PosixIO
import Synchronization
package import SystemPackage

/// Counts the bytes of all content files against the limit, before they are written.
///
/// A leaf lock: nothing is locked and nothing blocks beneath it but statvfs(2).
package final class CacheAccount: Sendable {
  /// The disk is asked again after this many reserved bytes; asking costs a system call, and
  /// `minimumFree` leaves more room than this.
  private static let diskCheckInterval: Int64 = 16 << 20

  private struct State {
    /// Of what is held since the account was opened, while the rest is not counted yet.
    var used: Int64
    var isCounted: Bool
    var untilDiskCheck: Int64 = 0
  }

  /// The part of the limit, in bytes, that changes leave to readers: however much waits to be
  /// uploaded, what is not here can be read through it. Enough for a few readers, each a few of the
  /// kernel's reads ahead.
  private static let largestReadersRoom: Int64 = 16 << 20
  private static let smallestReadersRoom: Int64 = 1 << 20
  private static let readersShare: Int64 = 16
  /// With less free than this, in bytes, the disk is called full: the catalog may need as much.
  private static let fullDisk: Int64 = 1 << 20

  package let limit: Int64
  private let minimumFree: Double
  private let directory: FilePath
  private let state: Mutex<State>

  /// - Parameters:
  ///   - used: in bytes; `nil` when that is said later, by ``begin(with:)``. Nothing is reserved
  ///     before.
  ///   - limit: in bytes, never exceeded.
  ///   - minimumFree: what stays free on the disk that holds `directory`, as a fraction of it.
  package init(used: Int64?, limit: Int64, minimumFree: Double, directory: FilePath) {
    self.limit = limit
    self.minimumFree = minimumFree
    self.directory = directory
    state = Mutex(State(used: used ?? 0, isCounted: used != nil))
  }

  /// What was held when the account was opened is known.
  package func begin(with bytes: Int64) {
    state.withLock { state in
      guard !state.isCounted else { return }
      state.isCounted = true
      state.used = max(0, state.used + bytes)
    }
  }

  package var used: Int64 { state.withLock { max(0, $0.used) } }

  /// What changes leave to readers, in bytes. A cache that is tiny has nothing to leave.
  package var readersRoom: Int64 {
    let share = limit / Self.readersShare
    return share < Self.smallestReadersRoom ? 0 : min(share, Self.largestReadersRoom)
  }

  /// Whether nothing can be written any more, whatever is evicted.
  package var isDiskFull: Bool {
    (try? FileTree.space(at: directory)).map { $0.free < Self.fullDisk } ?? false
  }

  /// Takes room for `bytes`; false when that would exceed the limit or fill the disk.
  ///
  /// - Parameter leaving: of the limit, to others.
  package func reserve(_ bytes: Int64, leaving: Int64 = 0) -> Bool {
    state.withLock { state in
      guard state.isCounted, bytes <= limit - leaving - state.used else { return false }
      state.untilDiskCheck -= bytes
      if state.untilDiskCheck <= 0 {
        guard hasDiskSpace(for: bytes) else { return false }
        state.untilDiskCheck = Self.diskCheckInterval
      }
      state.used += bytes
      return true
    }
  }

  /// Whether ``reserve(_:leaving:)`` would take room for `bytes` now.
  package func hasRoom(for bytes: Int64) -> Bool {
    state.withLock { $0.isCounted && bytes <= limit - $0.used } && hasDiskSpace(for: bytes)
  }

  /// Gives room back; a negative number takes it, whatever the limit.
  package func release(_ bytes: Int64) {
    state.withLock { state in
      state.used -= bytes
      // Before the rest is counted, what goes may be of it.
      if state.isCounted { state.used = max(0, state.used) }
    }
  }

  private func hasDiskSpace(for bytes: Int64) -> Bool {
    // A disk that does not answer is no reason to refuse: the write itself will tell.
    guard let space = try? FileTree.space(at: directory) else { return true }
    return Double(space.free - bytes) >= Double(space.total) * minimumFree
  }
}
