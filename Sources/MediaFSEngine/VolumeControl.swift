/// What an operator can ask of a running mount, besides what the kernel asks.
///
/// Paths are relative to the mount point ("" or "a/b.jpg"), `nil` means everything.
package protocol VolumeControl: Sendable {
  func status() throws(FileSystemError) -> VolumeStatus

  /// What beneath `path` the store does not have yet (uploads, moves and, where they are due now,
  /// deletes).
  func pending(beneath path: String?) throws(FileSystemError) -> VolumeStatus.Count

  /// Makes everything beneath `path` due now and returns when the store has it. Throws `EIO` when
  /// something was parked instead, or uploads are paused. Ends when the task is cancelled.
  func flush(beneath path: String?) async throws(FileSystemError)

  /// Stops or starts uploads; writes go on.
  func setPaused(_ paused: Bool)

  /// Compares what is cached beneath `path` with its checksums, and asks the store whether it still
  /// has the objects. Ends when the task is cancelled.
  ///
  /// - Parameters:
  ///   - repairing: fetches damaged bytes again.
  ///   - progress: is told what has been checked so far.
  func verify(
    beneath path: String?, repairing: Bool,
    progress: @escaping @Sendable (VolumeStatus.Count) -> Void
  ) async throws(FileSystemError) -> Verification

  /// Tries parked items again now; returns how many there were.
  func retry(beneath path: String?) throws(FileSystemError) -> Int
}
