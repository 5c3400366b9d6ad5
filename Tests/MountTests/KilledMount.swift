import Glibc
import MediaFSTesting
import Synchronization

/// A mount whose daemon is a child of the test's own, so that it is killed without being looked
/// for, and started again. What a killed one leaves of the mount is taken away by the next.
final class KilledMount: Sendable {
  let directory: String
  private let options: [String: String]
  private let source: String
  private let environment: [String: String]
  private let life = Mutex(Life())

  private struct Life {
    var daemon: ChildProcess?
    /// Of those before.
    var log = ""
  }

  /// - Parameter name: of the mount point.
  init(on stage: Stage, _ name: String = "mount", options: [String: String]) throws {
    directory = stage.path(name)
    unsafe mkdir(directory, 0o755)
    let access = stage.bucket.access
    self.options = options.merging(["s3.endpoint": access.url]) { $1 }
    source = "s3://\(stage.bucket.name)/media"
    environment = access.credentials
    stage.keep(self)
  }

  deinit {
    life.withLock { $0.daemon = nil }
    Mount.end(directory)
  }

  /// What all daemons have logged.
  var log: String { life.withLock { $0.log + ($0.daemon?.standardError ?? "") } }

  /// Returns at once.
  func start(cache: String) throws {
    let options = options.merging(["cache.directory": cache]) { $1 }
    let command = Mount.command(source, on: directory, options: options) + ["--foreground"]
    let daemon = try ChildProcess(command, environment: environment)
    life.withLock { life in
      life.log += life.daemon?.standardError ?? ""
      life.daemon = daemon
    }
  }

  func waitUntilReady() throws {
    try eventually("the mount", within: .seconds(30)) {
      if let exit = life.withLock({ $0.daemon?.poll() }) {
        throw HarnessError("the daemon ended: \(exit)\n\(log)")
      }
      // Of a dead mount it fails, and of what is beneath the mount point it is another number.
      let kind = try run(["stat", "-f", "-c", "%t", directory]).output
      return kind.utf8.elementsEqual(Self.kind.utf8)
    }
  }

  /// `FUSE_SUPER_MAGIC` of statfs(2).
  private static let kind = "65735546\n"

  /// `kill -9`, a while from now. Throws when it has ended before, by itself.
  func crash(after duration: Duration) throws {
    guard try life.withLock({ try $0.daemon?.end(after: duration) }) == true else {
      throw HarnessError("the daemon ended by itself: \(log)")
    }
  }

  func status() throws -> JSON { try JSON(parsing: command("status", ["--json"])) }

  /// Returns when the store has everything.
  func flush() throws { _ = try command("flush", ["--timeout", "240s"]) }

  func unmount() throws {
    _ = try command("umount")
    let exit = try life.withLock { try $0.daemon?.wait(within: .seconds(60)) }
    guard exit == .code(0) else { throw HarnessError("the daemon ended badly: \(log)") }
  }

  /// Empties the queue, with what waits for longer than a test.
  ///
  /// What was sent and never confirmed, and then renamed or deleted, is looked for later, when no
  /// request can be under way any more: ten minutes for an object, an hour for a temporary one.
  /// They are over when this returns.
  func finish(cache: String) throws {
    try flush()
    try unmount()
    try succeed([
      "sqlite3", cache + "/catalog.sqlite",
      "UPDATE tombstone SET due = 0 WHERE done IS NULL AND due IS NOT NULL",
    ])
    try start(cache: cache)
    try waitUntilReady()
    try flush()
  }

  private func command(_ name: String, _ arguments: [String] = []) throws -> String {
    let words = [TestEnvironment.program, name, directory] + arguments
    let finished = try run(words, within: .seconds(250))
    guard finished.exit == .code(0) else { throw HarnessError("\(finished)\n\(log)") }
    return finished.output
  }
}
