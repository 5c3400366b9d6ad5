import ArgumentParser

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Shows the configuration.",
    discussion: "Example: mediafs config show --config /etc/mediafs/photos.toml",
    subcommands: [Show.self, Keys.self])

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints what is in force and where each value comes from.",
      discussion: "Example: mediafs config show -o cache.size=50GiB --json")

    @OptionGroup var arguments: ConfigurationArguments

    @Flag(help: "Print JSON: an object with value and origin for each key.") var json = false

    func run() throws {
      let configuration = try arguments.configuration(ProcessEnvironment.variables())
      for warning in configuration.warnings { ProcessEnvironment.printError("mediafs: \(warning)") }
      let listing = ConfigurationListing(configuration)
      ProcessEnvironment.print(json ? listing.json : listing.text)
    }
  }

  struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists every key with its default.", discussion: "Example: mediafs config keys")

    func run() throws {
      for key in ConfigurationTable.keys { print(ConfigurationListing.describe(key)) }
    }
  }
}
