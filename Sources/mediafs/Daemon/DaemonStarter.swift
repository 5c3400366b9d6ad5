import Glibc
import SystemPackage

/// Runs this program again as a daemon and waits until it serves.
///
/// A process with threads must not fork and go on, so the daemon is a new process from the start:
/// posix_spawn(3) of this program with `--foreground`, in a session of its own, with the log file
/// for its output.
struct DaemonStarter {
  /// The words behind the program's name.
  let arguments: [String]
  let environment: [String: String]
  let logFile: FilePath

  /// Returns when the daemon serves; its failure is ours, with the same status.
  func start() throws(Failure) {
    let process: pid_t
    let outcome: FileDescriptor
    do {
      let pipe = try FileDescriptor.pipe()
      outcome = pipe.readEnd
      _ = fcntl(pipe.readEnd.rawValue, F_SETFD, FD_CLOEXEC)
      defer { try? pipe.writeEnd.close() }
      process = try spawn(readyEnd: pipe.writeEnd)
    } catch {
      throw Failure(.failure, "the daemon cannot be started: \(error)")
    }
    defer { try? outcome.close() }
    switch ReadyPipe.decode(Self.readToEnd(outcome)) {
    case .ready: return
    case .failed(let status, let cause):
      throw Failure(ExitCode(rawValue: status) ?? .failure, cause)
    case .died:
      throw Failure(
        .failure, "the daemon ended with \(Self.end(of: process)); see \(logFile)")
    }
  }

  private func spawn(readyEnd: FileDescriptor) throws -> pid_t {
    let log = try FileDescriptor.open(
      logFile, .writeOnly, options: [.create, .append, .closeOnExec],
      permissions: .ownerReadWrite)
    defer { try? log.close() }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    for standard in [STDOUT_FILENO, STDERR_FILENO] {
      unsafe posix_spawn_file_actions_adddup2(&actions, log.rawValue, standard)
    }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawnattr_setflags(&attributes, Self.newSession)
    var variables = environment
    variables[ReadyPipe.variable] = String(readyEnd.rawValue)
    var process = pid_t()
    // Its own name instead of the link's, for ps(1).
    let program = FileNames.resolved("/proc/self/exe")?.string ?? "/proc/self/exe"
    let result = unsafe withCStrings(["mediafs"] + arguments) { words in
      unsafe withCStrings(variables.map { "\($0.key)=\($0.value)" }) { variables in
        unsafe posix_spawn(&process, program, &actions, &attributes, words, variables)
      }
    }
    guard result == 0 else { throw Errno(rawValue: result) }
    return process
  }

  /// POSIX_SPAWN_SETSID of glibc 2.26, which is hidden behind _GNU_SOURCE: no terminal can end it.
  private static let newSession: Int16 = 0x80

  /// The daemon says one line; more than a pipe's buffer is not one.
  private static func readToEnd(_ descriptor: FileDescriptor) -> String {
    var bytes: [UInt8] = []
    while bytes.count < 65_536 {
      var chunk = [UInt8](repeating: 0, count: 4_096)
      let count = unsafe read(descriptor.rawValue, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += chunk[..<count]
      if bytes.contains(UInt8(ascii: "\n")) { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func end(of process: pid_t) -> String {
    var status: Int32 = 0
    guard unsafe waitpid(process, &status, 0) == process else { return "an unknown status" }
    let signal = status & 0x7F
    return signal == 0 ? "status \((status >> 8) & 0xFF)" : "signal \(signal)"
  }
}
