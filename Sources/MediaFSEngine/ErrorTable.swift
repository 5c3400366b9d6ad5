import MediaFSCatalog
import ObjectStorage
import SystemPackage

/// The one table from what went wrong below to what the application sees. Exhaustive: a new kind
/// of error does not compile until somebody decided about it.
extension FileSystemError {
  init(_ error: CatalogError, _ operation: String) {
    switch error {
    case .rule(let errno): self.init(errno, operation, "\(errno)")
    case .database(let message):
      self.init(.ioError, operation, "The catalog failed: \(message)", underlying: error)
    case .damaged(let message):
      self.init(
        .ioError, operation,
        "The catalog is damaged: \(message). Unmount and mount again: it is set aside then and "
          + "made anew, of the content files and the bucket", underlying: error)
    case .unusable(let message): self.init(.ioError, operation, message, underlying: error)
    }
  }

  /// For bytes or names that are not here and that the store did not give.
  init(_ error: ObjectStoreError, _ operation: String) {
    let errno: Errno =
      switch error.kind {
      // The listing had it, so it existed a moment ago: the version that was asked is gone.
      case .notFound, .preconditionFailed: .staleNFSFileHandle
      case .accessDenied: .permissionDenied
      case .throttled, .unavailable, .invalid: .ioError
      case .cancelled: .interrupted
      }
    self.init(errno, operation, error.message, underlying: error)
  }

  static func cacheFull(_ operation: String) -> FileSystemError {
    FileSystemError(
      .noSpace, operation, "The cache is full of what the store does not have yet")
  }
}
