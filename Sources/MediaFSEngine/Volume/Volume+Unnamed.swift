import Logging
import MediaFSCatalog
package import MediaFSCore
import Synchronization

/// Inodes that have lost their last name and are still in use.
extension Volume {
  /// An inode lost a name; without any other it goes, unless somebody uses it.
  ///
  /// - Parameter record: as it was before.
  func lostName(_ record: InodeRecord) throws(FileSystemError) {
    let inode = record.number
    if record.kind != .directory, let rest = try context.inode(inode, "unlink"), rest.linkCount > 0
    {
      context.rebase(inode)
      return context.relabel(inode)
    }
    guard context.isInUse(inode) else { return context.discardContent(of: record) }
    context.rebase(inode)
    // A content file that is not in use is removed with the inode.
    context.registry.current(inode)?.relabel(context.catalog)
    context.unnamed.withLock { _ = $0.insert(inode) }
    // Whoever used it last may have looked before it was in the set.
    eraseIfUnused(inode)
  }

  package func forget(_ inode: InodeNumber) {
    if context.unnamed.withLock({ $0.contains(inode) }) { eraseIfUnused(inode) }
  }

  /// Erases an inode that has neither names nor users, with its bytes.
  func eraseIfUnused(_ inode: InodeNumber) {
    guard !context.isInUse(inode) else { return }
    context.space.free {
      do throws(FileSystemError) {
        let erased = try ask("forget") { try $0.eraseIfOrphan(inode) }
        if let erased { context.discardContent(of: erased) }
        context.unnamed.withLock { _ = $0.remove(inode) }
      } catch {
        // Erased at the next start.
        context.log.error("Inode \(inode) was not erased: \(error)")
      }
    }
  }
}

extension VolumeContext {
  /// Whether an application has an inode open, or the kernel may ask about it by its number.
  func isInUse(_ inode: InodeNumber) -> Bool {
    registry.isOpen(inode) || kernelKnows(inode)
  }
}
