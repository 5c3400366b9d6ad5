import ArgumentParser
import MediaFSControl

struct PauseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Stops uploads; writing goes on.",
    discussion: "Example: mediafs pause /srv/media")

  @Argument(help: "The mount; without it the only one.") var directory: String?

  func run() throws {
    _ = try RunningMount.find(directory).ask(.pause)
  }
}

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Starts uploads again.",
    discussion: "Example: mediafs resume /srv/media")

  @Argument(help: "The mount; without it the only one.") var directory: String?

  func run() throws {
    _ = try RunningMount.find(directory).ask(.resume)
  }
}

struct RetryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Tries again now what the store has refused.",
    discussion: "Example: mediafs retry /srv/media/2026")

  @Argument(help: "A file or directory on a mount; without it all of the mount.")
  var path: String?

  func run() throws {
    let mount = try RunningMount.find(path)
    guard case .retried(let items) = try mount.ask(.retry(path: mount.path)) else {
      throw mount.unexpected
    }
    print(items == 1 ? "1 item is tried again" : "\(items) items are tried again")
  }
}
