package import ObjectStorage

/// Why a request got no answer, or only a part of one.
package struct HTTPTransportError: Error, Sendable {
  package enum Kind: Sendable {
    case couldNotResolve
    case couldNotConnect
    /// The handshake failed or the certificate is not to be trusted.
    case tls
    case connectTimeout
    /// No byte moved for the request's stall timeout.
    case stalled
    /// The connection ended before the answer did.
    case connectionLost
    /// The peer does not speak HTTP as we understand it.
    case invalidAnswer
    case cancelled
    /// The body of the request could not be read.
    case source(ObjectStoreError)
    /// The transport could not even try.
    case setup
  }

  package let kind: Kind
  package let message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package static let cancelled = HTTPTransportError(.cancelled, "the request was cancelled")
}

extension HTTPTransportError {
  /// The same failure in the store's words. The network says nothing about an object, so all but
  /// the caller's own reasons are `unavailable`.
  package var storeError: ObjectStoreError {
    let code: String
    switch kind {
    case .couldNotResolve: code = "CouldNotResolve"
    case .couldNotConnect: code = "CouldNotConnect"
    case .tls: code = "TLSFailure"
    case .connectTimeout: code = "ConnectTimeout"
    case .stalled: code = "Stalled"
    case .connectionLost: code = "ConnectionLost"
    case .invalidAnswer: code = "InvalidAnswer"
    case .cancelled: return ObjectStoreError(.cancelled, code: "Cancelled", message: message)
    case .source(let error): return error
    case .setup: code = "TransportSetup"
    }
    return ObjectStoreError(.unavailable, code: code, message: message)
  }

  /// True when the request may have reached the store, so that a write may have taken effect.
  package var mayHaveTakenEffect: Bool {
    switch kind {
    case .couldNotResolve, .couldNotConnect, .tls, .connectTimeout, .setup: false
    case .stalled, .connectionLost, .invalidAnswer, .cancelled, .source: true
    }
  }

  /// False where trying again within the same call only delays the report: a certificate does
  /// not become trusted by waiting.
  package var isWorthRetrying: Bool {
    switch kind {
    case .couldNotResolve, .couldNotConnect, .connectTimeout, .stalled, .connectionLost,
      .invalidAnswer:
      true
    case .tls, .cancelled, .source, .setup: false
    }
  }
}
