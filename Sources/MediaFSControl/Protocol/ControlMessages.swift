package import MediaFSEngine

/// What a command asks of a running daemon; one line of JSON each.
///
/// Paths are relative to the mount point; `nil` means everything. The protocol is between parts of
/// one version of mediafs. Scripts use `--json` of the commands.
package enum ControlRequest: Codable, Hashable, Sendable {
  case status
  case pending(path: String?)
  /// Answered by any number of ``ControlReply/progress(left:)`` and then by one other reply.
  case flush(path: String?)
  /// Answered by any number of ``ControlReply/checked(_:)`` and then by one other reply.
  case verify(path: String?, repairing: Bool)
  case pause
  case resume
  case retry(path: String?)
  case shutdown
}

/// What the daemon answers; one line of JSON each.
package enum ControlReply: Codable, Hashable, Sendable {
  case status(volume: VolumeStatus)
  case pending(left: VolumeStatus.Count)
  case progress(left: VolumeStatus.Count)
  case checked(VolumeStatus.Count)
  case verified(Verification)
  case retried(items: Int)
  case done
  case failure(ControlFailure)
}

/// Why the daemon did not do what it was asked.
package struct ControlFailure: Error, Codable, Hashable, Sendable, CustomStringConvertible {
  /// An errno(3) of Linux.
  package let code: Int32
  package let message: String

  package init(code: Int32, message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
