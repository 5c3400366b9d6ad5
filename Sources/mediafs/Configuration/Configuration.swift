import MediaFSCore

/// What is in force, and where each value came from.
struct Configuration: Sendable {
  private(set) var settings: Settings
  private(set) var origins: [String: Origin] = [:]
  /// One line each, for the log.
  private(set) var warnings: [String] = []

  init(owner: Owner) {
    settings = Settings(owner: owner)
  }

  /// - Parameters:
  ///   - file: the weakest layer above the built-in values.
  ///   - options: what `-o` gave, in order; the last of one key holds.
  ///   - arguments: SOURCE and DIR of the command line.
  init(
    file: ConfigurationFile?, environment: [String: String], options: [String],
    arguments: [Assignment], owner: Owner
  ) throws(ConfigurationError) {
    self.init(owner: owner)
    if let file {
      try apply(file.assignments)
      try refuseExposedSecrets(in: file)
    }
    try apply(EnvironmentLayer.assignments(environment))
    warnings += EnvironmentLayer.unknownVariables(environment).map {
      "environment variable \($0) is no key of mediafs and is ignored"
    }
    for (name, value) in options.flatMap(OptionList.parse) {
      try applyOption(name, value)
    }
    try apply(arguments)
  }

  func origin(of key: ConfigurationKey) -> Origin {
    origins[key.name] ?? .builtIn
  }
}

// MARK: - Layers

extension Configuration {
  private mutating func apply(_ assignments: [Assignment]) throws(ConfigurationError) {
    for assignment in assignments { try apply(assignment) }
  }

  private mutating func applyOption(
    _ name: String, _ value: String?
  ) throws(ConfigurationError) {
    switch MountOption.classify(name, value) {
    case .ignored: return
    case .kernel(let option): settings.kernel.options.append(option)
    case .key(let key, let value):
      try apply(Assignment(key: key, value: value, origin: .option))
    case nil: try apply(Assignment(key: name, value: value, origin: .option))
    }
  }

  private mutating func apply(_ assignment: Assignment) throws(ConfigurationError) {
    let (name, origin) = (assignment.key, assignment.origin)
    guard let key = ConfigurationTable.key(named: name) else {
      if RefusedKeys.planned.contains(name) { throw .planned(name, origin) }
      if RefusedKeys.isSecret(name) { throw .secret(name, origin) }
      throw .unknown(name, origin)
    }
    guard let value = assignment.value ?? (key.isFlag ? "true" : nil) else {
      throw .missingValue(key, origin)
    }
    if key.isConfidential, origin == .option, Confidential.hasPassword(value) {
      throw ConfigurationError(
        "\(key.name) holds a password and everybody sees the command line; "
          + "set it in the configuration file or as \(key.variable)")
    }
    guard key.set(value, in: &settings) else { throw .invalid(key, value, origin) }
    origins[name] = origin
  }

  private func refuseExposedSecrets(in file: ConfigurationFile) throws(ConfigurationError) {
    guard file.isReadableByOthers else { return }
    for key in ConfigurationTable.keys where key.isConfidential {
      guard Confidential.hasPassword(key.value(in: settings)) else { continue }
      throw ConfigurationError(
        "\(file.path) holds a password (\(key.name)) and others may read it; chmod 600 it")
    }
  }
}
