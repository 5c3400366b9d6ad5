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
    var used: Int64
    var untilDiskCheck: Int64 = 0
  }

  package let limit: Int64
  private let minimumFree: Double
  private let directory: FilePath
  private let state: Mutex<State>

  /// - Parameters:
  ///   - limit: in bytes, never exceeded.
  ///   - minimumFree: what stays free on the disk that holds `directory`, as a fraction of it.
  package init(used: Int64, limit: Int64, minimumFree: Double, directory: FilePath) {
    self.limit = limit
    self.minimumFree = minimumFree
    self.directory = directory
    state = Mutex(State(used: used))
  }

  package var used: Int64 { state.withLock { $0.used } }

  /// Takes room for `bytes`; false when that would exceed the limit or fill the disk.
  package func reserve(_ bytes: Int64) -> Bool {
    state.withLock { state in
      guard bytes <= limit - state.used else { return false }
      state.untilDiskCheck -= bytes
      if state.untilDiskCheck <= 0 {
        guard hasDiskSpace(for: bytes) else { return false }
        state.untilDiskCheck = Self.diskCheckInterval
      }
      state.used += bytes
      return true
    }
  }

  /// Gives room back; a negative number takes it, whatever the limit.
  package func release(_ bytes: Int64) {
    state.withLock { $0.used = max(0, $0.used - bytes) }
  }

  private func hasDiskSpace(for bytes: Int64) -> Bool {
    // A disk that does not answer is no reason to refuse: the write itself will tell.
    guard let space = try? FileTree.space(at: directory) else { return true }
    return Double(space.free - bytes) >= Double(space.total) * minimumFree
  }
}
