import ArgumentParser

struct FlushCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flush", abstract: "Uploads everything beneath a path now, and waits for it.",
    discussion: """
      Example: mediafs flush /srv/media/2026 --timeout 10m

      Ends with status 32 when something is left: out of time, refused by the store, or paused.
      """)

  @Argument(help: "A file or directory on a mount; without it all of the mount.")
  var path: String?

  @OptionGroup var options: DrainOptions

  func run() throws {
    let mount = try RunningMount.find(path)
    let draining = Draining(mount: mount, options: options)
    guard case .left(let left, let reason) = try draining.run(mount.client()) else { return }
    throw Failure(.workLeft, "\(Progress.describe(left)) not uploaded: \(reason)")
  }
}
