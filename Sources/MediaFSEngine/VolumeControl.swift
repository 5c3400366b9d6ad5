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

  /// Tries parked items again now; returns how many there were.
  func retry(beneath path: String?) throws(FileSystemError) -> Int
}
