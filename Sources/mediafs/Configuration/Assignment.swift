/// A value given for a key, and the place where it was given.
struct Assignment: Equatable, Sendable {
  let key: String
  /// `nil` for an option without "=".
  let value: String?
  let origin: Origin
}

/// Where a value comes from, the weakest first.
enum Origin: Equatable, Sendable {
  case builtIn
  /// `line` counts from 1; `nil` where the key is written in a way that hides its line.
  case file(path: String, line: Int?)
  case environment(variable: String)
  /// `-o`.
  case option
  /// An argument of the command, such as the source.
  case argument
}

extension Origin: CustomStringConvertible {
  var description: String {
    switch self {
    case .builtIn: "built in"
    case .file(let path, let line): line.map { "\(path):\($0)" } ?? path
    case .environment(let variable): "environment variable \(variable)"
    case .option: "option -o"
    case .argument: "argument"
    }
  }
}
