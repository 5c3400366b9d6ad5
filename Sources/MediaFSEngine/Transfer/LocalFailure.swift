import ObjectStorage

extension ObjectStoreError {
  /// Codes of what failed on this machine on behalf of the store.
  enum LocalCode {
    static let catalog = "Catalog"
    /// The content file, or what is done with it.
    static let content = "Local"
    static let cacheFull = "CacheFull"
    static let cacheDisk = "CacheDisk"
    /// What is uploaded has changed: no failure, and nothing to be told of.
    static let changed = "Changed"

    static let all: Set<String> = [catalog, content, cacheFull, cacheDisk]
  }

  /// Says nothing about the store, which may not even have been asked.
  var isLocal: Bool { LocalCode.all.contains(code) }

  /// The catalog, asked on behalf of the store, has failed.
  static func catalog(_ error: any Error) -> ObjectStoreError {
    ObjectStoreError(.unavailable, code: LocalCode.catalog, message: "\(error)")
  }
}
