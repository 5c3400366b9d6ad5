/// Why a configuration is refused: one line that names the key, the value, the place and the cure.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }

  static func unknown(_ name: String, _ origin: Origin) -> ConfigurationError {
    if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      return ConfigurationError("unknown key \(name.debugDescription) (\(origin))")
    }
    let known = ConfigurationTable.keys.map(\.name) + MountOption.names
    let hint = Suggestion.nearest(to: name, among: known).map { "; did you mean \"\($0)\"?" }
    return ConfigurationError("unknown key \"\(name)\" (\(origin))" + (hint ?? ""))
  }

  static func invalid(
    _ key: ConfigurationKey, _ value: String, _ origin: Origin
  ) -> ConfigurationError {
    let shown = key.isConfidential ? "its value" : value.debugDescription
    return ConfigurationError(
      "\(key.name): \(shown) is not valid (\(origin)); allowed is \(key.allowed)")
  }

  static func missingValue(_ key: ConfigurationKey, _ origin: Origin) -> ConfigurationError {
    ConfigurationError("\(key.name) needs a value (\(origin)); allowed is \(key.allowed)")
  }

  static func planned(_ name: String, _ origin: Origin) -> ConfigurationError {
    ConfigurationError("\(name) has no effect in this version of mediafs (\(origin)); remove it")
  }

  static func secret(_ name: String, _ origin: Origin) -> ConfigurationError {
    ConfigurationError(
      "\(name) is refused (\(origin)): keys and tokens belong in the environment "
        + "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or in the file that s3.credentials_file names"
    )
  }
}
