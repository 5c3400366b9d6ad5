import CFuse3
import Glibc
import Logging
import Synchronization

/// Where libfuse's own messages go: into the log, or to the one who waits for a reason.
enum LibfuseLog {
  final class Messages: Sendable {
    private let lines = Mutex<[String]>([])

    func append(_ line: String) {
      lines.withLock { $0.append(line) }
    }

    var joined: String { lines.withLock { $0.joined(separator: "; ") } }
  }

  /// Set while a caller turns the messages of this thread into an error.
  @TaskLocal fileprivate static var capture: Messages?

  /// For the whole process, because libfuse has one log function.
  static func install() {
    unsafe fuse_set_log_func(writeMessage)
  }

  /// What libfuse says on this thread while `body` runs; the log does not get it.
  static func capturing<Result>(_ body: () -> Result) -> (Result, String) {
    let messages = Messages()
    let result = $capture.withValue(messages) { body() }
    return (result, messages.joined)
  }

  /// In bytes; a longer message is cut.
  fileprivate static let longestMessage = 1024

  fileprivate static func write(_ message: String, _ level: Logger.Level) {
    if let capture {
      capture.append(message)
    } else {
      Logger(label: "mediafs.libfuse").log(level: level, "\(message)")
    }
  }
}

private func writeMessage(
  _ level: fuse_log_level, _ format: UnsafePointer<CChar>?, _ arguments: CVaListPointer?
) {
  guard let format = unsafe format, let arguments = unsafe arguments else { return }
  let message = unsafe withUnsafeTemporaryAllocation(
    of: CChar.self, capacity: LibfuseLog.longestMessage
  ) { buffer -> String in
    guard let base = buffer.baseAddress else { return "" }
    unsafe vsnprintf(base, buffer.count, format, arguments)
    return unsafe String(cString: base)
  }
  let text = message.drop { $0.isWhitespace }.split(whereSeparator: \.isNewline)
  let words = text.joined(separator: " ")
  LibfuseLog.write(
    words.utf8.starts(with: "fuse: ".utf8) ? String(words.dropFirst(6)) : words,
    level.loggerLevel)
}

extension fuse_log_level {
  fileprivate var loggerLevel: Logger.Level {
    switch self {
    case FUSE_LOG_EMERG, FUSE_LOG_ALERT, FUSE_LOG_CRIT: .critical
    case FUSE_LOG_ERR: .error
    case FUSE_LOG_WARNING: .warning
    case FUSE_LOG_NOTICE: .notice
    case FUSE_LOG_INFO: .info
    default: .debug
    }
  }
}
