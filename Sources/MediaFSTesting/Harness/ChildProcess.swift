package import Glibc
import Synchronization

/// A program that a test has started; killed when nobody holds it any more.
package final class ChildProcess: Sendable {
  package let command: [String]
  package let pid: pid_t
  private let outputFile: HarnessDescriptor
  private let errorFile: HarnessDescriptor
  private let exit = Mutex<Exit?>(nil)

  /// How a process ended.
  package enum Exit: Sendable, Hashable {
    case code(Int32)
    case signal(Int32)
  }

  /// - Parameter environment: added to that of the tests, see ``TestEnvironment``.
  package init(
    _ command: [String], environment: [String: String] = [:]
  ) throws {
    self.command = command
    let null = try HarnessDescriptor.null()
    outputFile = try .unnamedFile()
    errorFile = try .unnamedFile()
    pid = try spawn(
      command, environment: TestEnvironment.variables(adding: environment), input: null.number,
      output: outputFile.number, errors: errorFile.number)
  }

  /// With `peer` as its standard input and output.
  init(_ command: [String], environment: [String: String], peer: HarnessDescriptor) throws {
    self.command = command
    outputFile = try .unnamedFile()
    errorFile = try .unnamedFile()
    pid = try spawn(
      command, environment: TestEnvironment.variables(adding: environment), input: peer.number,
      output: peer.number, errors: errorFile.number)
  }

  deinit {
    guard exit.withLock({ $0 }) == nil else { return }
    kill(pid, SIGKILL)
    _ = waitpid(pid, nil, 0)
  }

  package var standardOutput: String { outputFile.contents() }
  package var standardError: String { errorFile.contents() }

  package func signal(_ number: CInt) {
    exit.withLock { if $0 == nil { kill(pid, number) } }
  }

  /// `nil` while it runs.
  package func poll() -> Exit? {
    exit.withLock { exit in
      var status: CInt = 0
      if exit == nil, unsafe waitpid(pid, &status, WNOHANG) == pid { exit = Self.decode(status) }
      return exit
    }
  }

  /// Waits for its end; kills it and throws when that does not come in time.
  @discardableResult
  package func wait(within duration: Duration) throws -> Exit {
    let deadline = Deadline(in: duration)
    while true {
      if let exit = poll() { return exit }
      if deadline.hasPassed { break }
      pauseBetweenLooks()
    }
    signal(SIGKILL)
    throw DeadlinePassed("the end of \(command.joined(separator: " "))\n\(standardError)")
  }

  /// `kill -9`, a while from now; returns false if it has ended by itself before.
  package func end(after duration: Duration) throws -> Bool {
    let deadline = Deadline(in: duration)
    while !deadline.hasPassed {
      if poll() != nil { return false }
      pauseBetweenLooks()
    }
    signal(SIGKILL)
    return try wait(within: .seconds(30)) == .signal(SIGKILL)
  }

  /// wait(2): the lower seven bits hold the signal, the next byte the exit code.
  private static func decode(_ status: CInt) -> Exit {
    let signal = status & 0x7F
    return signal == 0 ? .code((status >> 8) & 0xFF) : .signal(signal)
  }
}

/// What a program that ran to its end has left.
package struct Finished: Sendable, CustomStringConvertible {
  package let command: [String]
  package let exit: ChildProcess.Exit
  package let output: String
  package let errors: String

  package var description: String {
    "\(command.joined(separator: " ")): \(exit)\n\(output)\(errors)"
  }
}

/// Runs a program to its end, whatever that is.
package func run(
  _ command: [String], environment: [String: String] = [:], within duration: Duration = .seconds(60)
) throws -> Finished {
  let child = try ChildProcess(command, environment: environment)
  let exit = try child.wait(within: duration)
  return Finished(
    command: command, exit: exit, output: child.standardOutput, errors: child.standardError)
}

/// Runs a program that has to succeed, and gives what it printed.
@discardableResult
package func succeed(
  _ command: [String], environment: [String: String] = [:], within duration: Duration = .seconds(60)
) throws -> String {
  let finished = try run(command, environment: environment, within: duration)
  guard finished.exit == .code(0) else { throw HarnessError(finished.description) }
  return finished.output
}
