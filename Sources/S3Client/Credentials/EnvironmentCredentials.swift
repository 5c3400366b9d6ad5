package import ObjectStorage

/// Credentials from environment variables: Amazon's names first, then the `S3_*` names.
package struct EnvironmentCredentials: CredentialSource {
  private let value: Credentials?

  /// The process environment does not change under a daemon, so it is read once.
  package init(_ environment: [String: String]) {
    value =
      Self.read(
        environment, id: ["AWS_ACCESS_KEY_ID"], secret: ["AWS_SECRET_ACCESS_KEY"],
        token: ["AWS_SESSION_TOKEN"])
      ?? Self.read(
        environment, id: ["S3_ACCESS_KEY_ID", "S3_ACCESS_KEY"],
        secret: ["S3_SECRET_ACCESS_KEY", "S3_SECRET_KEY"], token: ["S3_SESSION_TOKEN"])
  }

  package func credentials(
    rejected: Credentials?
  ) async throws(ObjectStoreError) -> Credentials? { value }

  /// The key and its secret have to come from the same family of names: a pair put together from
  /// two would be nobody's.
  private static func read(
    _ environment: [String: String], id: [String], secret: [String], token: [String]
  ) -> Credentials? {
    func first(_ names: [String]) -> String? {
      names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    guard let accessKeyID = first(id), let secretAccessKey = first(secret) else { return nil }
    return Credentials(
      accessKeyID: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: first(token))
  }
}
