import MediaFSCache
import MediaFSCatalog
package import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

extension Volume {
  package func extendedAttributes(
    of inode: InodeNumber
  ) async throws(FileSystemError) -> [String] {
    []
  }

  package func setExtendedAttribute(
    _ name: String, of inode: InodeNumber, to value: [UInt8], _ setting: AttributeSetting
  ) async throws(FileSystemError) {
    throw FileSystemError(.notSupported, "setxattr", "not supported")
  }

  package func removeExtendedAttribute(
    _ name: String, of inode: InodeNumber
  ) async throws(FileSystemError) {
    throw FileSystemError(.notSupported, "removexattr", "not supported")
  }

  /// The answers of `user.mediafs.*`; not listed, so that `cp -a` and `rsync -X` do not copy them.
  package func extendedAttribute(
    _ name: String, of inode: InodeNumber
  ) async throws(FileSystemError) -> [UInt8] {
    guard name.utf8.starts(with: "user.mediafs.".utf8) else {
      throw FileSystemError(.noData, "getxattr", "There is no attribute \(name)")
    }
    guard let value = try value(of: String(name.dropFirst("user.mediafs.".count)), inode) else {
      throw FileSystemError(.noData, "getxattr", "There is no attribute \(name)")
    }
    return Array(value.utf8)
  }

  private func value(
    of name: String, _ inode: InodeNumber
  ) throws(FileSystemError) -> String? {
    let record = try require(inode, "getxattr")
    switch name {
    case "socket": return inode == .root ? context.options.controlSocket : nil
    case "state": return try state(of: record)
    case "etag": return record.object?.etag.text
    case "key":
      guard let path = try context.path(of: inode, "getxattr"), !path.isEmpty else { return nil }
      return record.kind == .directory
        ? try? context.keySpace.directoryMarker(of: path).text
        : try? context.keySpace.key(of: path).text
    case "error":
      return try ask("getxattr") { try $0.journalError(of: inode) }
    default: return nil
    }
  }

  private func state(of record: InodeRecord) throws(FileSystemError) -> String {
    if let content = context.registry.current(record.number) {
      return content.state.withLock { $0.lifecycle.state.rawValue }
    }
    let present = try ask("getxattr") { try $0.extents(of: record.content) }
    return FileLifecycle(
      size: record.size, baseSize: record.baseSize, present: present, version: record.version,
      committedVersion: record.committedVersion
    ).state.rawValue
  }
}
