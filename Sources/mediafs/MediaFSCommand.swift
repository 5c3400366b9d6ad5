import ArgumentParser
import Glibc
import PosixIO

@main
struct MediaFSCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mediafs", abstract: "Mounts a namespace of an S3 bucket as a media directory.",
    discussion: "Example: mediafs mount s3://bucket/photos /srv/media",
    subcommands: [
      MountCommand.self, UmountCommand.self, StatusCommand.self, FlushCommand.self,
      PauseCommand.self, ResumeCommand.self, RetryCommand.self, VerifyCommand.self,
      CheckCommand.self, ConfigCommand.self,
    ])

  static func main() {
    CoreDumps.disable()
    do {
      var command = try parseAsRoot(try words())
      try command.run()
    } catch let failure as Failure {
      ProcessEnvironment.printError("mediafs: \(failure)")
      Glibc.exit(failure.status.rawValue)
    } catch {
      exit(withError: error)
    }
  }

  /// The command line; that of mount(8) becomes one of ours.
  private static func words() throws(Failure) -> [String] {
    let words = Array(CommandLine.arguments.dropFirst())
    let isHelper = CommandLine.arguments.first.map(MountInvocation.isHelper) ?? false
    return isHelper ? try MountInvocation.translate(words) : words
  }
}
