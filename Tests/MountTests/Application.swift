import MediaFSTesting

/// A program that works on a mount as a test tells it, in Python, and keeps its files open
/// meanwhile. Started once for a scenario: its steps cost no processes.
struct Application: Sendable {
  private let dialogue: Dialogue
  /// A call may wait for the store; nothing that an application does here takes longer.
  private static let patience: Duration = .seconds(60)

  /// - Parameter user: runs as this user instead of the tests' own.
  init(in directory: String, user: Int? = nil) throws {
    let program = ["python3", TestEnvironment.support("application.py"), directory]
    dialogue = try Dialogue(program + (user.map { ["\($0)"] } ?? []))
  }

  /// Lets it end, which closes its files and leaves the mount.
  func end() throws {
    dialogue.close()
    try dialogue.process.wait(within: Self.patience)
  }

  /// Statements, all of which have to succeed.
  func run(_ statements: String) throws {
    _ = try ask("run", statements).get()
  }

  /// What an expression gives.
  func value(_ expression: String) throws -> JSON {
    try ask("value", expression).get()
  }

  func text(_ expression: String) throws -> String? { try value(expression).text }

  func int(_ expression: String) throws -> Int? { try value(expression).int }

  /// The name of the error with which a system call among the statements fails; `nil` when none
  /// does.
  func error(of statements: String) throws -> String? {
    guard case .failure(let failure) = try ask("run", statements) else { return nil }
    guard let name = failure.errno else { throw failure }
    return name
  }

  private struct Failed: Error, CustomStringConvertible {
    let errno: String?
    let description: String
  }

  private func ask(_ kind: String, _ code: String) throws -> Result<JSON, Failed> {
    let request = try JSON.object([kind: .text(code)]).serialized()
    let answer = try JSON(parsing: dialogue.ask(request, within: Self.patience))
    if let errno = answer["errno"]?.text {
      return .failure(Failed(errno: errno, description: "\(errno): \(code)"))
    }
    if let error = answer["error"]?.text {
      throw Failed(errno: nil, description: "\(code)\n\(error)")
    }
    return .success(answer["ok"] ?? .null)
  }
}
