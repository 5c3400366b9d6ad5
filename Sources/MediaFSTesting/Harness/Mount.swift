package import Glibc
import Synchronization

/// A mount made by the real program in a process of its own; undone when nobody holds it.
package final class Mount: Sendable {
  package let source: String
  package let directory: String
  private let environment: [String: String]

  /// Mounts as `mediafs mount` does, in the background.
  ///
  /// - Parameters:
  ///   - directory: made if it is missing.
  ///   - options: keys of the configuration and their values; options of mount(8) have none.
  /// - Throws: when the program fails, with what it printed.
  package init(
    _ source: String, on directory: String, options: [String: String],
    environment: [String: String] = [:]
  ) throws {
    self.source = source
    self.directory = directory
    self.environment = environment
    unsafe mkdir(directory, 0o755)
    let command = Self.command(source, on: directory, options: options)
    let finished = try run(command, environment: environment, within: .seconds(60))
    guard finished.exit == .code(0) else {
      throw HarnessError("\(finished)\n\(Self.daemons(of: directory).count) daemons are left")
    }
    guard try Self.isMounted(directory) else { throw HarnessError("not mounted: \(finished)") }
  }

  /// A namespace of a bucket.
  package convenience init(
    _ bucket: Bucket, namespace: String, on directory: String, cache: String,
    through access: S3Access? = nil, options: [String: String] = [:]
  ) throws {
    let access = access ?? bucket.access
    let defaults = [
      "s3.endpoint": access.url, "cache.directory": cache, "upload.delay": "1s",
      "metadata.ttl": "2s",
    ]
    try self.init(
      "s3://\(bucket.name)/\(namespace)", on: directory, options: defaults.merging(options) { $1 },
      environment: access.credentials)
  }

  deinit {
    kill()
  }

  /// The command line that mounts. `MEDIAFS_PASSTHROUGH=false` has the daemon read everything
  /// itself where a test does not say what it wants.
  package static func command(
    _ source: String, on directory: String, options: [String: String]
  ) -> [String] {
    var options = options
    if let passthrough = TestEnvironment.inherited["MEDIAFS_PASSTHROUGH"] {
      options["mount.passthrough"] = options["mount.passthrough"] ?? passthrough
    }
    let list = options.sorted { $0.key < $1.key }.map { key, value in
      value.isEmpty ? key : "\(key)=\(value)"
    }
    let arguments = list.isEmpty ? [] : ["-o", list.joined(separator: ",")]
    return [TestEnvironment.program, "mount", source, directory] + arguments
  }

  package static func isMounted(_ directory: String) throws -> Bool {
    // proc(5): spaces are octal there.
    let escaped = directory.split(separator: " ", omittingEmptySubsequences: false)
      .joined(separator: "\\040")
    return try succeed(["cat", "/proc/self/mountinfo"]).split(separator: "\n").contains { line in
      let fields = line.split(separator: " ")
      return fields.count > 4 && String(fields[4]) == escaped
    }
  }

  /// Runs `mediafs COMMAND DIR …`.
  package func mediafs(
    _ command: String, _ arguments: [String] = [], within duration: Duration = .seconds(120)
  ) throws -> Finished {
    try run(
      [TestEnvironment.program, command, directory] + arguments, environment: environment,
      within: duration)
  }

  package func status() throws -> JSON {
    let finished = try mediafs("status", ["--json"])
    guard finished.exit == .code(0) else { throw HarnessError(finished.description) }
    return try JSON(parsing: finished.output)
  }

  /// Returns when the store has everything.
  package func flush() throws {
    let finished = try mediafs("flush", ["--timeout", "240s"], within: .seconds(250))
    guard finished.exit == .code(0) else { throw HarnessError(finished.description) }
  }

  /// - Parameter drains: waits for the upload queue first.
  package func unmount(drains: Bool = false) throws {
    let drain = drains ? ["--drain", "--timeout", "240s"] : []
    let finished = try mediafs("umount", drain, within: .seconds(250))
    guard finished.exit == .code(0) else { throw HarnessError(finished.description) }
    guard try !Self.isMounted(directory) else { throw HarnessError("still mounted: \(finished)") }
    try eventually("the end of the daemon", within: .seconds(30)) { daemon == nil }
  }

  /// Ends the daemon with `kill -9`; the mount stays, without anybody to answer.
  package func crash() throws {
    for pid in Self.daemons(of: directory) { _ = Glibc.kill(pid, SIGKILL) }
    try eventually("the end of the daemon", within: .seconds(30)) { daemon == nil }
  }

  /// Ends the daemon as `kill -9` does and removes what is left of the mount.
  package func kill() {
    Self.end(directory)
  }

  /// What ``kill()`` does, for a mount that a test made with another command.
  package static func end(_ directory: String) {
    for pid in daemons(of: directory) { _ = Glibc.kill(pid, SIGKILL) }
    _ = try? eventually("the end of the daemon", within: .seconds(30)) {
      daemons(of: directory).isEmpty
    }
    if (try? isMounted(directory)) != false {
      _ = try? run(["umount", "-l", directory])
    }
  }

  /// The process that serves the mount.
  package var daemon: pid_t? { Self.daemons(of: directory).first }

  /// The most memory that the daemon ever had resident, in bytes.
  package func peakMemory() throws -> Int {
    guard let daemon else { throw HarnessError("no daemon serves \(directory)") }
    let status = try succeed(["cat", "/proc/\(daemon)/status"])
    let line = status.split(separator: "\n").first { $0.utf8.starts(with: "VmHWM:".utf8) }
    guard let kilobytes = line?.split(separator: " ").dropLast().last.flatMap({ Int($0) }) else {
      throw HarnessError("no VmHWM: \(status)")
    }
    return kilobytes * 1_024
  }

  /// Processes that run the program, even one that was built anew meanwhile, on the directory.
  package static func daemons(of directory: String) -> [pid_t] {
    let script = """
      for p in /proc/[0-9]*; do
        tr '\\0' '\\n' < $p/cmdline 2>/dev/null | grep -qxF -- "$1" || continue
        exe=$(readlink $p/exe)
        [ "${exe% (deleted)}" = "$2" ] && echo ${p#/proc/}
      done; true
      """
    let program = TestEnvironment.program
    let output = try? succeed(["sh", "-c", script, "-", directory, program])
    return (output ?? "").split(separator: "\n").compactMap { pid_t($0) }
  }
}
