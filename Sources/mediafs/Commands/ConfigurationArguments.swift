import ArgumentParser
import SystemPackage

/// How a command line says what to mount.
struct ConfigurationArguments: ParsableArguments {
  @Argument(help: "s3://BUCKET[/NAMESPACE] or file:///DIRECTORY.") var source: String?

  @Argument(help: "The directory to mount on.") var directory: String?

  @Option(
    name: .customShort("o"),
    help: ArgumentHelp(
      "Configuration keys and options of mount(8).", valueName: "key=value,…"))
  var options: [String] = []

  @Option(help: "A TOML file; without it /etc/mediafs/NAME.toml, if --name is given.")
  var config: String?

  @Option(help: "The mount's name, and that of its state directory; %i stands for it.")
  var name: String?

  /// The same arguments as words of a command line.
  var words: [String] {
    var words = options.flatMap { ["-o", $0] }
    if let config { words += ["--config", config] }
    if let name { words += ["--name", name] }
    let positional = [source, directory].compactMap { $0 }
    return words + (positional.isEmpty ? [] : ["--"] + positional)
  }

  func plan(_ environment: [String: String]) throws(Failure) -> MountPlan {
    try MountPlan(
      try configuration(environment), instance: instance,
      place: StatePlace(isPrivileged: ProcessEnvironment.isPrivileged, environment: environment),
      directory: FileNames.currentDirectory(), environment: environment)
  }

  func configuration(_ environment: [String: String]) throws(Failure) -> Configuration {
    do throws(ConfigurationError) {
      return try Configuration(
        file: try file(), environment: environment, options: options, arguments: assignments,
        owner: ProcessEnvironment.owner)
    } catch {
      throw Failure(error)
    }
  }

  /// The name given, or that of the configuration file: `/etc/mediafs/photos.toml` is `photos`.
  var instance: String? {
    name ?? config.flatMap { FilePath($0).lastComponent?.stem }
  }

  private var assignments: [Assignment] {
    [("source", source), ("mountpoint", directory)].compactMap { key, value in
      value.map { Assignment(key: key, value: $0, origin: .argument) }
    }
  }

  private func file() throws(ConfigurationError) -> ConfigurationFile? {
    if let config { return try ConfigurationFile(path: config) }
    guard let name, MountName.isValid(name) else { return nil }
    return try ConfigurationFile(ifPresent: "/etc/mediafs/\(name).toml")
  }
}
