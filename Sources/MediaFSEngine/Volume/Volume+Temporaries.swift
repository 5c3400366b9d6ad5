import MediaFSCatalog
package import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

extension Volume {
  package func createTemporary(
    in parent: InodeNumber, permissions: UInt32, caller: Caller, _ flags: OpenFlags
  ) async throws(FileSystemError) -> (Entry, OpenReply) {
    try refuseIfReadOnly("tmpfile")
    let directory = try await listed(parent, "tmpfile")
    let now = context.environment.now()
    let new = try await begin(
      NewInode(kind: .regular, permissions: permissions, owner: caller.owner),
      umask: caller.umask, in: directory, "tmpfile")
    let record = try ask("tmpfile") { try $0.createTemporary(new, in: parent, at: now) }
    context.unnamed.withLock { _ = $0.insert(record.number) }
    // Were this to fail, the next start erases the inode.
    let content = try context.registry.acquire(record.number, asHandle: true)
    return (entry(record, in: directory), try opened(content, flags))
  }
}
