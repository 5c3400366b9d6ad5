import ArgumentParser
import MediaFSControl
import MediaFSEngine
import PosixIO

struct UmountCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "umount", abstract: "Unmounts, and says what is not uploaded yet.",
    discussion: """
      Example: mediafs umount /srv/media --drain --timeout 10m

      What is left stays on the disk and is uploaded after the next mount. With --drain the end is \
      status 32 when something is left.
      """)

  /// How long the daemon may take to write its state down.
  private static let daemonPatience: Duration = .seconds(60)

  @Argument(help: "The mountpoint.") var directory: String

  @Flag(help: "Wait until everything is uploaded.") var drain = false

  @OptionGroup var options: DrainOptions

  func run() throws {
    let mount = try RunningMount.find(directory)
    guard mount.path == nil else {
      throw Failure(.usage, "\(directory) is on the mount \(mount.entry.mountpoint): name that")
    }
    // A dead daemon is no reason to keep its mount.
    let client = try? mount.client()
    var outcome = Draining.Outcome.done
    if drain {
      outcome = try Draining(mount: mount, options: options).run(try client ?? mount.client())
    }
    let left = client == nil ? nil : leftover(mount)
    try Unmounting.unmount(mount.entry.mountpoint)
    // A connection that has not been used for a flush tells when the daemon has ended.
    let hasEnded = client?.waitForEnd(patience: Self.daemonPatience) ?? true
    try report(outcome, left: left, hasEnded: hasEnded)
  }

  private func leftover(_ mount: RunningMount) -> VolumeStatus.Count? {
    guard case .pending(let left)? = try? mount.ask(.pending(path: nil)) else { return nil }
    return left
  }

  private func report(
    _ outcome: Draining.Outcome, left: VolumeStatus.Count?, hasEnded: Bool
  ) throws(Failure) {
    if case .left(let left, let reason) = outcome {
      throw Failure(
        .workLeft, "unmounted; \(Progress.describe(left)) not uploaded: \(reason)")
    }
    if let left, left.files > 0 {
      print("\(Progress.describe(left)) not uploaded yet; they are kept for the next mount")
    }
    guard hasEnded else {
      throw Failure(.daemonSilent, "unmounted; the daemon is still busy with its state")
    }
  }
}
