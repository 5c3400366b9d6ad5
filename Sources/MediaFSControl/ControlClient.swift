package import MediaFSEngine
package import SystemPackage

/// Asks the daemon of a mount. Blocks; meant for commands, not for the daemon.
package final class ControlClient: Sendable {
  /// Why there is no answer.
  package enum Failure: Error, Sendable {
    /// Nobody listens at the socket, or we may not connect.
    case unreachable(Errno)
    /// Somebody listens and does not answer, or not in words of this version.
    case noAnswer
  }

  /// How long the daemon may think about anything but long work, of which it keeps talking.
  private static let patience: Duration = .seconds(30)

  private let channel: LineChannel

  package init(path: String) throws(Failure) {
    do {
      channel = LineChannel(owning: try UnixSocket.connect(to: path))
    } catch {
      throw .unreachable(error)
    }
  }

  /// Sends one request and returns its last reply; those before it go to `progress`.
  package func ask(
    _ request: ControlRequest, patience: Duration? = nil,
    progress: (VolumeStatus.Count) -> Void = { _ in }
  ) throws -> ControlReply {
    let clock = ContinuousClock()
    let deadline = patience.map { clock.now.advanced(by: $0) }
    do {
      try channel.write(MessageCoding.line(request))
      while true {
        let rest = deadline.map { max(.zero, clock.now.duration(to: $0)) }
        if let rest, rest == .zero { throw TimedOut() }
        guard let line = try channel.readLine(patience: min(rest ?? Self.patience, Self.patience)),
          let reply = MessageCoding.message(ControlReply.self, line)
        else { throw Failure.noAnswer }
        switch reply {
        case .progress(let count), .checked(let count): progress(count)
        case .failure(let failure): throw failure
        case .status, .pending, .verified, .retried, .done: return reply
        }
      }
    } catch LineChannel.Failure.timedOut where deadline != nil {
      throw TimedOut()
    } catch is LineChannel.Failure {
      throw Failure.noAnswer
    }
  }

  /// The caller's own patience ended, while the daemon was alive.
  package struct TimedOut: Error {}

  /// Returns when the daemon has closed the connection, which is the last thing it does.
  ///
  /// - Returns: false when it has not after `patience`.
  package func waitForEnd(patience: Duration) -> Bool {
    do {
      while try channel.readLine(patience: patience) != nil {}
      return true
    } catch .timedOut {
      return false
    } catch {
      return true
    }
  }
}
