import Glibc
import MediaFSCore

/// What the process was given.
enum ProcessEnvironment {
  /// All variables; of one that is there twice the first counts, as for getenv(3).
  static func variables() -> [String: String] {
    var found: [String: String] = [:]
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
      let pair = unsafe String(cString: text)
      if let equals = pair.firstIndex(of: "="), found[String(pair[..<equals])] == nil {
        found[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
      }
      unsafe entry += 1
    }
    return found
  }

  static var owner: Owner { Owner(user: geteuid(), group: getegid()) }

  static var isPrivileged: Bool { geteuid() == 0 }

  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Writes to standard output at once, which a progress bar needs and `print` does not do.
  static func print(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe write(STDOUT_FILENO, bytes, bytes.count)
  }

  /// Writes one line for the operator, who may have closed the other end.
  static func printError(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
  }
}
