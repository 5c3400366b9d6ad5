import FuseServer
import Glibc
import Logging
import Synchronization

/// Ends a mount when a signal or a command asks for it.
final class MountEnding: Sendable {
  private enum State {
    case starting
    case serving(FuseServer)
    case ending
  }

  private let log: Logger
  private let state = Mutex(State.starting)

  init(log: Logger) {
    self.log = log
  }

  /// From now on an end means to unmount.
  func serve(with server: FuseServer) {
    state.withLock { state in
      if case .starting = state { state = .serving(server) }
    }
  }

  func handle(_ request: TerminationSignals.Request) {
    switch request {
    case .reload:
      log.notice("SIGHUP changes nothing: a new configuration needs a remount")
    case .terminate(let signal): end(because: "of \(signal)")
    }
  }

  /// Returns when the mount is out of the tree; its service then does the rest.
  func end(because reason: String) {
    let before = state.withLock { state in
      defer { state = .ending }
      return state
    }
    switch before {
    case .serving(let server):
      log.notice("Unmounting because \(reason)")
      server.stop()
    case .starting:
      // Nothing is mounted, and what is on disk survives a killed process.
      log.notice("Giving up the start because \(reason)")
      exit(ExitCode.success.rawValue)
    case .ending: return
    }
  }
}
