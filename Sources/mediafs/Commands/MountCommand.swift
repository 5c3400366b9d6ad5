import ArgumentParser
import Glibc
import Logging
import PosixIO
import SystemPackage

struct MountCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mount", abstract: "Mounts a namespace of a bucket on a directory.",
    discussion: """
      Example: mediafs mount s3://bucket/photos /srv/media -o cache.size=50GiB,upload.delay=5s

      Returns when the mount serves. What it logs then goes to mediafs.log in the state directory. \
      `mediafs config keys` lists what can be set.
      """)

  @OptionGroup var arguments: ConfigurationArguments

  @Flag(help: "Stay in the foreground and log to standard error.") var foreground = false

  /// Set by ``MountInvocation`` for `mount -f`.
  @Flag(name: .customLong("fake"), help: .hidden) var isFake = false

  func run() throws {
    let environment = ProcessEnvironment.variables()
    let signal = ReadySignal(environment)
    do throws(Failure) {
      let plan = try arguments.plan(environment)
      if isFake { return }
      try foreground ? serve(plan, environment, signal) : start(plan, environment)
    } catch {
      signal.send(error)
      throw error
    }
  }

  private func start(_ plan: MountPlan, _ environment: [String: String]) throws(Failure) {
    do throws(Errno) {
      try StateDirectory.makePrivate(plan.stateDirectory)
    } catch {
      throw Failure(
        .cacheUnusable, "cache directory \(plan.stateDirectory) cannot be used: \(error)")
    }
    try DaemonStarter(
      arguments: ["mount", "--foreground"] + arguments.words, environment: environment,
      logFile: plan.logFile
    ).start()
  }

  private func serve(
    _ plan: MountPlan, _ environment: [String: String], _ signal: ReadySignal
  ) throws(Failure) {
    TerminationSignals.block()
    DescriptorLimit.raise()
    let log = Logger.standardError(plan.settings.log)
    for warning in plan.warnings { log.warning("\(warning)") }
    // A daemon keeps no directory in use.
    if signal.isAwaited { _ = unsafe chdir("/") }
    let executor = BlockingExecutor()
    let service = MountService(
      plan: plan, environment: environment, executor: executor, log: log)
    try executor.run { () async throws(Failure) in
      try await service.run {
        signal.send(nil)
        ServiceNotifier(environment).ready("serving \(plan.mountpoint)")
      }
    }
    executor.shutdown()
  }
}
