import MediaFSCore
import ObjectStorage
import Synchronization

/// Of which listing of a directory the names are that the kernel caches: it need not ask for them
/// again while nobody else has changed any, and they were not asked for at the store either.
///
/// What changes through the kernel it sees itself. Of what others change it is told (``forget(_:)``
/// and ``KernelCache``), and both have to be: it may open the directory before it hears of it.
final class KeptListings: Sendable {
  /// Directories remembered, some dozen bytes each; when there are more, all are forgotten.
  private static let maximumCount = 65_536

  private let listings = Mutex<[InodeNumber: Timestamp]>([:])

  /// Whether what the kernel may have cached before is of the listing of that time; what it reads
  /// from now on is.
  func keeps(_ directory: InodeNumber, of listed: Timestamp) -> Bool {
    listings.withLock { listings in
      if listings[directory] == listed { return true }
      if listings.count >= Self.maximumCount { listings.removeAll() }
      listings[directory] = listed
      return false
    }
  }

  /// Somebody else has changed a name in it.
  func forget(_ directory: InodeNumber) {
    listings.withLock { $0[directory] = nil }
  }
}
