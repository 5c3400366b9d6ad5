import MediaFSCatalog
package import MediaFSCore
import SystemPackage

extension Volume {
  package func link(
    _ inode: InodeNumber, to name: FileName, in parent: InodeNumber
  ) async throws(FileSystemError) -> Entry {
    try refuseIfReadOnly("link")
    let directory = try await listed(parent, "link")
    try checkKey(name, in: parent, isDirectory: false, "link")
    // The objects of all names say what the first one says: it has to be known.
    let inode = try await judged(inode, "link").number
    let now = context.environment.now()
    let record = try ask("link") { try $0.link(inode, to: name, in: parent, at: now) }
    context.rebase(inode)
    context.relabel(inode)
    reconciler.journalChanged()
    return entry(record, in: directory)
  }
}
