package import ObjectStorage

/// Asks its sources in order; the first that has credentials wins.
package struct CredentialChain: CredentialSource {
  private let sources: [any CredentialSource]

  package init(_ sources: [any CredentialSource]) {
    self.sources = sources
  }

  /// The usual order: environment, then the shared credentials file. Naming a profile or a file
  /// puts the file first, for that is the more particular wish.
  ///
  /// - Parameters:
  ///   - profile: `nil` for `AWS_PROFILE`, else `default`.
  ///   - file: `nil` for `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`.
  package static func standard(
    environment: [String: String], profile: String? = nil, file: String? = nil
  ) -> CredentialChain {
    let variables = EnvironmentCredentials(environment)
    let home = environment["HOME"].map { "\($0)/.aws/credentials" }
    guard let path = file ?? environment["AWS_SHARED_CREDENTIALS_FILE"] ?? home else {
      return CredentialChain([variables])
    }
    let shared = SharedCredentialsFile(
      path: path, profile: profile ?? environment["AWS_PROFILE"] ?? "default")
    let fileIsMeant = profile != nil || file != nil
    return CredentialChain(fileIsMeant ? [shared, variables] : [variables, shared])
  }

  package func credentials(
    rejected: Credentials?
  ) async throws(ObjectStoreError) -> Credentials? {
    for source in sources {
      if let found = try await source.credentials(rejected: rejected) { return found }
    }
    return nil
  }
}
