import Glibc
import Logging

extension Logger {
  /// A logger that writes to standard error as the configuration says.
  static func standardError(_ settings: LogSettings) -> Logger {
    Logger(label: "mediafs") { _ in
      LineLogHandler(format: settings.format, level: settings.level.logging)
    }
  }
}

extension LogSettings.Level {
  var logging: Logger.Level {
    switch self {
    case .trace: .trace
    case .debug: .debug
    case .info: .info
    case .notice: .notice
    case .warning: .warning
    case .error: .error
    case .critical: .critical
    }
  }
}

/// Writes each event as one line to standard error, with one write(2), so that lines of several
/// threads do not mix.
struct LineLogHandler: LogHandler {
  private let format: LogSettings.Format
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  init(format: LogSettings.Format, level: Logger.Level) {
    self.format = format
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let record = LogRecord(
      time: LogTime.now(), level: "\(event.level)", module: event.source,
      message: event.message.description, fields: fields(of: event))
    let bytes = Array(record.line(format).utf8)
    // A log that cannot be written has no place to say so.
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
  }

  private func fields(of event: LogEvent) -> [(name: String, value: String)] {
    var all = metadata
    all.merge(metadataProvider?.get() ?? [:]) { _, new in new }
    all.merge(event.metadata ?? [:]) { _, new in new }
    if let error = event.error { all["error"] = "\(error)" }
    return all.map { (name: $0.key, value: "\($0.value)") }.sorted { $0.name < $1.name }
  }
}
