import Glibc
import MediaFSTesting
import PosixIO
import Synchronization
import SystemPackage

/// A mount whose daemon is a child of the test's own, so that it is killed without being looked
/// for, and started again. What a killed one leaves of the mount is taken away by the next.
final class KilledMount: Sendable {
  let directory: String
  private let daemonCommand: [String]
  private let environment: [String: String]
  private let daemon = Mutex<ChildProcess?>(nil)

  /// - Parameters:
  ///   - name: of the mount point.
  ///   - cache: the cache directory.
  init(
    on stage: Stage, _ name: String = "mount", cache: String, options: [String: String]
  ) throws {
    directory = stage.path(name)
    unsafe mkdir(directory, 0o755)
    let access = stage.bucket.access
    let own = ["s3.endpoint": access.url, "cache.directory": cache]
    daemonCommand =
      Mount.command(
        "s3://\(stage.bucket.name)/media", on: directory, options: options.merging(own) { $1 })
      + ["--foreground"]
    environment = access.credentials
    stage.keep(self)
  }

  deinit {
    daemon.withLock { $0 = nil }
    Mount.end(directory)
  }

  /// What the daemon has logged since it was started.
  var log: String { daemon.withLock { $0?.standardError ?? "" } }

  /// Returns at once.
  func start() throws {
    let process = try ChildProcess(daemonCommand, environment: environment)
    daemon.withLock { $0 = process }
  }

  func waitUntilReady() throws {
    let outside = try FileTree.status(of: FilePath(directory).removingLastComponent()).device
    try eventually("the mount", within: .seconds(30)) {
      if let exit = daemon.withLock({ $0?.poll() }) {
        throw HarnessError("the daemon ended: \(exit)\n\(log)")
      }
      return (try? FileTree.status(of: FilePath(directory)).device != outside) == true
    }
  }

  /// `kill -9`, a while from now. Throws when it has ended before, by itself.
  func crash(after duration: Duration) throws {
    guard try daemon.withLock({ try $0?.end(after: duration) }) == true else {
      throw HarnessError("the daemon ended by itself: \(log)")
    }
  }

  func status() throws -> JSON { try JSON(parsing: command("status", ["--json"])) }

  /// Returns when the store has everything.
  func flush() throws { _ = try command("flush", ["--timeout", "240s"]) }

  func unmount() throws {
    _ = try command("umount")
    let exit = try daemon.withLock { try $0?.wait(within: .seconds(60)) }
    guard exit == .code(0) else { throw HarnessError("the daemon ended badly: \(log)") }
  }

  private func command(_ name: String, _ arguments: [String] = []) throws -> String {
    let words = [TestEnvironment.program, name, directory] + arguments
    let finished = try run(words, within: .seconds(250))
    guard finished.exit == .code(0) else { throw HarnessError("\(finished)\n\(log)") }
    return finished.output
  }
}
