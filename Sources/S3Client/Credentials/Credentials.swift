package import ObjectStorage

/// An access key with its secret.
package struct Credentials: Sendable, Hashable {
  package let accessKeyID: String
  package let secretAccessKey: String
  package let sessionToken: String?

  package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
    self.accessKeyID = accessKeyID
    self.secretAccessKey = secretAccessKey
    self.sessionToken = sessionToken
  }
}

extension Credentials: CustomStringConvertible, CustomReflectable {
  /// Never the secret: this is what logs and failing tests print.
  package var description: String { "Credentials(\(accessKeyID))" }
  package var customMirror: Mirror { Mirror(self, children: ["accessKeyID": accessKeyID]) }
}

/// Where credentials come from. Asked before every attempt, so it has to answer from memory
/// unless they have changed or are about to expire.
package protocol CredentialSource: Sendable {
  /// What this source has now; `nil` when it has none, so that the next is asked.
  ///
  /// - Parameter rejected: credentials that the store has just refused as expired or unknown:
  ///   do not answer with a copy of them from memory.
  func credentials(
    rejected: Credentials?
  ) async throws(ObjectStoreError) -> Credentials?
}

/// The same credentials for ever.
package struct StaticCredentials: CredentialSource {
  private let value: Credentials

  package init(_ value: Credentials) {
    self.value = value
  }

  package func credentials(
    rejected: Credentials?
  ) async throws(ObjectStoreError) -> Credentials? { value }
}
