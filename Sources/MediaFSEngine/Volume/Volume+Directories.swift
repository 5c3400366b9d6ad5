import MediaFSCatalog
package import MediaFSCore
import ObjectStorage
import SystemPackage

extension Volume {
  /// Entries read from the catalog at once: a page of the kernel holds about a hundred.
  private static let page = 256
  /// Offsets 1 and 2 are "." and "..", so those of entries begin behind them.
  private static let firstEntry: Int64 = 2

  package func openDirectory(
    _ inode: InodeNumber
  ) async throws(FileSystemError) -> OpenDirectoryReply {
    let directory = try await known(inode, "opendir")
    loader.browse(inode)
    let parent = try ask("opendir") { try $0.parent(of: inode) }
    // One that has to be listed with each open has a time of its own each time, or none.
    let caching = context.keptListings.open(inode, of: directory.listed ?? .epoch)
    let isValid = refresher.validity(of: directory) > .zero
    return OpenDirectoryReply(
      handle: directories.insert(OpenDirectory(inode, parent: parent)),
      caching: isValid ? caching : .none)
  }

  package func readDirectory(
    _ handle: FileHandle, after offset: Int64, take: (DirectoryEntry) -> Bool
  ) throws(FileSystemError) {
    let open = try directories.value(handle, "readdir")
    let dots = [(".", open.inode), ("..", open.parent)]
    for (index, dot) in dots.enumerated() where offset <= index {
      let entry = DirectoryEntry(
        name: dot.0, inode: dot.1, kind: .directory, nextOffset: Int64(index) + 1, entry: nil)
      guard take(entry) else { return }
    }
    let directory = try require(open.inode, "readdir")
    noteAccess(to: directory)
    var position = max(0, offset - Self.firstEntry)
    while true {
      let after = position
      let children = try ask("readdir") {
        try $0.children(of: open.inode, after: after, limit: Self.page)
      }
      for child in children {
        let inode = child.inode
        let shown = inode.attributesKnown ? inode : context.asListed(inode)
        let entry = DirectoryEntry(
          name: child.name, inode: inode.number,
          // What a listing shows as an object may be a symbolic link: only its metadata tells.
          kind: shown != nil || inode.kind == .directory ? inode.kind : nil,
          nextOffset: child.entry + Self.firstEntry,
          entry: shown.map { self.entry($0, in: directory) })
        guard take(entry) else { return }
        position = child.entry
      }
      if children.count < Self.page { return }
    }
  }

  package func synchronizeDirectory(_ handle: FileHandle) async throws(FileSystemError) {
    try ask("fsyncdir") { try $0.synchronize() }
  }

  package func releaseDirectory(_ handle: FileHandle) {
    if let directory = directories.remove(handle) { context.keptListings.close(directory.inode) }
  }
}
