import Glibc
import SystemPackage

/// Carries one line from a daemon to the command that started it: that it serves, or why it does
/// not.
///
/// The line is `ready`, or `failed STATUS CAUSE`. No line at all means that the daemon died.
enum ReadyPipe {
  /// Names the descriptor to the daemon.
  static let variable = "MEDIAFS_READY_FD"

  enum Outcome: Equatable, Sendable {
    case ready
    case failed(status: Int32, cause: String)
    case died
  }

  static func encode(_ failure: Failure?) -> String {
    guard let failure else { return "ready\n" }
    return "failed \(failure.status.rawValue) \(failure)\n"
  }

  static func decode(_ line: String) -> Outcome {
    let line = line.prefix { $0 != "\n" }
    if line == "ready" { return .ready }
    let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard words.count == 3, words[0] == "failed", let status = Int32(words[1]) else {
      return .died
    }
    return .failed(status: status, cause: String(words[2]))
  }
}

/// The daemon's end of the pipe, if it was started by a command that waits.
struct ReadySignal: Sendable {
  private let descriptor: FileDescriptor?

  /// Takes the descriptor that the environment names, and keeps it from further children.
  init(_ environment: [String: String]) {
    descriptor = environment[ReadyPipe.variable].flatMap(Int32.init).flatMap { number in
      // Only a descriptor that is there and none of the standard ones can be meant.
      number > 2 && fcntl(number, F_SETFD, FD_CLOEXEC) == 0 ? FileDescriptor(rawValue: number) : nil
    }
  }

  /// `nil` says that the mount serves. Once only: the pipe closes behind it.
  func send(_ failure: Failure?) {
    guard let descriptor else { return }
    // The command may have been interrupted; then nobody reads, and that is fine.
    _ = try? descriptor.writeAll(ReadyPipe.encode(failure).utf8)
    try? descriptor.close()
  }

  var isAwaited: Bool { descriptor != nil }
}
