import Glibc
import PosixIO

/// The signals that tell a daemon what to do, taken by one thread that waits for them.
///
/// They have to be blocked before any other thread starts: a thread inherits the mask of the one
/// that starts it, and an unblocked SIGTERM in any of them would end the process on the spot.
enum TerminationSignals {
  /// Why the daemon was signalled.
  enum Request: Sendable {
    case terminate(name: String)
    case reload
  }

  /// To be called first thing in `main`, before anything asynchronous.
  static func block() {
    var set = handled()
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    // A reader of our output who goes away is an error of write(2), not the end.
    _ = signal(SIGPIPE, SIG_IGN)
  }

  /// Calls `handler` for each signal, on a thread of its own, until the process ends.
  ///
  /// - Returns: false when the system has no thread to give.
  static func watch(_ handler: @escaping @Sendable (Request) -> Void) -> Bool {
    let thread = DetachedThread(name: "signals") {
      var set = handled()
      var signal: Int32 = 0
      while unsafe sigwait(&set, &signal) == 0 {
        switch signal {
        case SIGHUP: handler(.reload)
        case SIGINT: handler(.terminate(name: "SIGINT"))
        default: handler(.terminate(name: "SIGTERM"))
        }
      }
    }
    return thread.start(stackSize: stackSize)
  }

  /// In bytes: enough to write a log line.
  private static let stackSize = 512 << 10

  private static func handled() -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&set, signal) }
    return set
  }
}
