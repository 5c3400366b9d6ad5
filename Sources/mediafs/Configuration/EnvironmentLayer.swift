/// What the environment says, as assignments.
enum EnvironmentLayer {
  /// Set by mediafs itself, for its own child processes.
  static let internalVariables: Set<String> = ["MEDIAFS_READY_FD"]

  static func assignments(_ environment: [String: String]) -> [Assignment] {
    ConfigurationTable.keys.compactMap { key in
      for variable in [key.variable] + key.aliases {
        if let value = environment[variable], !value.isEmpty {
          return Assignment(key: key.name, value: value, origin: .environment(variable: variable))
        }
      }
      return nil
    }
  }

  /// Variables with our prefix that no key has. The environment is not written for us alone, so
  /// they are worth a warning and not a refusal.
  static func unknownVariables(_ environment: [String: String]) -> [String] {
    let known = Set(ConfigurationTable.keys.map(\.variable)).union(internalVariables)
    return environment.keys
      .filter { $0.hasPrefix(ConfigurationKey.variablePrefix) && !known.contains($0) }
      .sorted()
  }
}
