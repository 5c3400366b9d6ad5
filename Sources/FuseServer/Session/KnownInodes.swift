import MediaFSCore
import Synchronization

/// The inodes that the kernel knows, and how often it was told of each: it forgets as many times.
///
/// What it knows it may ask about by number alone, when all names are gone: for a working
/// directory that was removed, a descriptor that only stands for a file (`O_PATH`), a directory
/// that is open. Costs 20 bytes for each inode, of which the kernel itself spends a kilobyte.
final class KnownInodes: Sendable {
  private let counts = Mutex<[InodeNumber: UInt64]>([:])

  /// Before the answer that tells of it: the kernel may forget as soon as it has that.
  func add(_ inodes: [InodeNumber]) {
    counts.withLock { counts in
      for inode in inodes where inode != .root { counts[inode, default: 0] += 1 }
    }
  }

  /// Returns whether the kernel does not know the inode any more.
  func remove(_ inode: InodeNumber, count: UInt64) -> Bool {
    counts.withLock { counts in
      guard let known = counts[inode] else { return false }
      counts[inode] = known > count ? known - count : nil
      return known <= count
    }
  }

  func contains(_ inode: InodeNumber) -> Bool {
    counts.withLock { $0[inode] != nil }
  }
}
