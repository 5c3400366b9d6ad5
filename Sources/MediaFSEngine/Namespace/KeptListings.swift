import MediaFSCore
import ObjectStorage
import Synchronization

/// Of which listing of a directory the names are that the kernel caches: it need not ask for them
/// again while nobody else has changed any, and they were not asked for at the store either.
///
/// What changes through the kernel it sees itself. Of what others change it is told (``forget(_:)``
/// and ``KernelCache``), and both have to be: it may open the directory before it hears of it. An
/// answer with old names may still be on its way to it then, for whoever has the directory open; so
/// nothing is kept until nobody has.
final class KeptListings: Sendable {
  /// Directories remembered, some dozen bytes each; when there are more, those go that nobody has
  /// open.
  private static let maximumCount = 65_536

  private struct Directory {
    /// `nil`: nothing is kept.
    var listed: Timestamp?
    var opens = 0
    /// Whoever has it open may be about to hear of other names.
    var isMixed = false
  }

  private let directories = Mutex<[InodeNumber: Directory]>([:])

  /// One more has a directory open whose names are those of the listing of that time; to be ended
  /// by ``close(_:)``.
  func open(_ directory: InodeNumber, of listed: Timestamp) -> OpenDirectoryReply.Names {
    directories.withLock { directories in
      if directories.count >= Self.maximumCount {
        directories = directories.filter { $0.value.opens > 0 }
      }
      var known = directories[directory] ?? Directory()
      defer { directories[directory] = known }
      known.opens += 1
      if known.listed == listed { return .kept }
      if known.opens > 1 { known.isMixed = true }
      known.listed = known.isMixed ? nil : listed
      return known.isMixed ? .none : .read
    }
  }

  func close(_ directory: InodeNumber) {
    directories.withLock { directories in
      guard var known = directories[directory] else { return }
      known.opens -= 1
      if known.opens == 0 { known.isMixed = false }
      directories[directory] = known.opens == 0 && known.listed == nil ? nil : known
    }
  }

  /// Somebody else has changed a name in it.
  func forget(_ directory: InodeNumber) {
    directories.withLock { directories in
      guard let known = directories[directory] else { return }
      directories[directory] =
        known.opens > 0 ? Directory(opens: known.opens, isMixed: true) : nil
    }
  }
}
