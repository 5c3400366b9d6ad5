import ArgumentParser
import Glibc
import MediaFSEngine

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Shows files, queues, cache and requests of a mount.",
    discussion: "Example: mediafs status /srv/media --watch")

  /// Between two looks of `--watch`, in seconds.
  private static let interval: UInt32 = 2

  @Argument(help: "The mount; without it all of them.") var directory: String?

  @Flag(help: "Print JSON: an object for one mount, an array for all.") var json = false

  @Flag(help: "Print it again every two seconds, until interrupted.") var watch = false

  func run() throws {
    repeat {
      let text = try render()
      let clear = watch && !json && ProcessEnvironment.isTerminal ? "\u{1B}[H\u{1B}[2J" : ""
      ProcessEnvironment.print(clear + text)
      if watch { _ = sleep(Self.interval) }
    } while watch
  }

  private func render() throws -> String {
    let mounts = try RunningMount.all(directory)
    if directory != nil, let mount = mounts.first {
      let status = try mount.status()
      return json ? try JSONDocument.of(status) : StatusText(status).text
    }
    // One dead daemon must not hide the others.
    var statuses: [VolumeStatus] = []
    var failure: Failure?
    for mount in mounts {
      do throws(Failure) {
        statuses.append(try mount.status())
      } catch {
        ProcessEnvironment.printError("mediafs: \(error)")
        failure = error
      }
    }
    if statuses.isEmpty, let failure { throw failure }
    if json { return try JSONDocument.of(statuses) }
    if statuses.isEmpty { return "no mediafs mount\n" }
    return statuses.map { StatusText($0).text }.joined(separator: "\n")
  }
}
