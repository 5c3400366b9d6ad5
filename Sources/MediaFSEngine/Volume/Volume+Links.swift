import MediaFSCatalog
package import MediaFSCore
import SystemPackage

extension Volume {
  package func link(
    _ inode: InodeNumber, to name: FileName, in parent: InodeNumber
  ) async throws(FileSystemError) -> Entry {
    throw FileSystemError(.notSupported, "link", "not supported")
  }
}
