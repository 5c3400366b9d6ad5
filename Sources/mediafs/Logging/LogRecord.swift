import Glibc

/// One event, ready to be written.
struct LogRecord: Sendable {
  let time: String
  let level: String
  /// The module that speaks.
  let module: String
  let message: String
  let fields: [(name: String, value: String)]

  /// With its newline.
  func line(_ format: LogSettings.Format) -> String {
    switch format {
    case .text: text
    case .json: json
    }
  }

  private var text: String {
    var line = "\(time) \(level) \(module): \(Self.oneLine(message))"
    for field in fields { line += " \(field.name)=\(Self.word(field.value))" }
    return line + "\n"
  }

  private var json: String {
    let standard = [("time", time), ("level", level), ("module", module), ("message", message)]
    let taken = Set(standard.map(\.0))
    // A field of the same name would make the object ambiguous.
    let extra = fields.map { (taken.contains($0.name) ? "field_\($0.name)" : $0.name, $0.value) }
    let members = (standard + extra).map { "\(JSONText.quoted($0.0)):\(JSONText.quoted($0.1))" }
    return "{\(members.joined(separator: ","))}\n"
  }

  /// A name from the bucket must not be able to write log lines of its own.
  private static func oneLine(_ text: String) -> String {
    text.unicodeScalars.contains(where: isControl) ? text.debugDescription : text
  }

  private static func word(_ value: String) -> String {
    let isPlain =
      !value.isEmpty
      && value.unicodeScalars.allSatisfy { !isControl($0) && $0 != " " && $0 != "\"" && $0 != "=" }
    return isPlain ? value : value.debugDescription
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .control
  }
}

/// JSON strings, for the one place that writes JSON without an encoder.
enum JSONText {
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// Times as log lines show them: UTC in milliseconds, `2026-11-21T03:15:42.123Z`.
enum LogTime {
  static func now() -> String {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return format(seconds: Int64(time.tv_sec), milliseconds: time.tv_nsec / 1_000_000)
  }

  static func format(seconds: Int64, milliseconds: Int) -> String {
    var broken = unsafe tm()
    var seconds = time_t(seconds)
    _ = unsafe gmtime_r(&seconds, &broken)
    let (year, month, day) = unsafe (broken.tm_year + 1_900, broken.tm_mon + 1, broken.tm_mday)
    let (hour, minute, second) = unsafe (broken.tm_hour, broken.tm_min, broken.tm_sec)
    let date = "\(year)-\(two(month))-\(two(day))"
    let clock = "\(two(hour)):\(two(minute)):\(two(second))"
    let fraction = String(1_000 + milliseconds).dropFirst()
    return "\(date)T\(clock).\(fraction)Z"
  }

  private static func two(_ number: Int32) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }
}
