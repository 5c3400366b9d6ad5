import Synchronization

/// The key that a day's signatures are made with, derived from the secret.
struct SigningKey: Sendable {
  let bytes: [UInt8]

  init(secret: String, scope: SigningScope) {
    let date = Digest.authenticationCode(key: Array("AWS4\(secret)".utf8), Array(scope.date.utf8))
    let region = Digest.authenticationCode(key: date, Array(scope.region.utf8))
    let service = Digest.authenticationCode(key: region, Array(scope.service.utf8))
    bytes = Digest.authenticationCode(key: service, Array("aws4_request".utf8))
  }
}

/// Keeps the last signing key: it is the same for a day, and deriving it costs four HMACs.
final class SigningKeyCache: Sendable {
  private struct Entry {
    let secret: String
    let date: String
    let region: String
    let key: SigningKey
  }

  private let entry = Mutex<Entry?>(nil)

  func key(secret: String, scope: SigningScope) -> SigningKey {
    entry.withLock { entry in
      if let known = entry, known.secret == secret, known.date == scope.date,
        known.region == scope.region
      {
        return known.key
      }
      let key = SigningKey(secret: secret, scope: scope)
      entry = Entry(secret: secret, date: scope.date, region: scope.region, key: key)
      return key
    }
  }
}
