import MediaFSCatalog
import MediaFSCore

/// Identifies one state of one inode of one catalog, in the metadata of the object that holds it.
struct CommitToken: Equatable, Sendable {
  private let generation: UInt64
  private let inode: Int64
  private let version: Int64
  private let attributeVersion: Int64

  init(_ record: InodeRecord, generation: UInt64) {
    self.generation = generation
    inode = record.number.value
    version = record.version
    attributeVersion = record.attributeVersion
  }

  /// `nil` for whatever we did not write.
  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4, let generation = UInt64(parts[0], radix: 16),
      let inode = Int64(parts[1]), let version = Int64(parts[2]),
      let attributeVersion = Int64(parts[3])
    else { return nil }
    (self.generation, self.inode) = (generation, inode)
    (self.version, self.attributeVersion) = (version, attributeVersion)
  }

  var text: String {
    "\(String(generation, radix: 16)).\(inode).\(version).\(attributeVersion)"
  }

  /// Whether this is a state of the same inode that was sent after the one that is known to be
  /// committed. The committed one itself does not count: other tools keep metadata when they
  /// rewrite an object, and what they wrote is not ours.
  func isUnconfirmed(by record: InodeRecord, _ current: CommitToken) -> Bool {
    generation == current.generation && inode == current.inode && version <= current.version
      && (version > record.committedVersion
        || attributeVersion > record.committedAttributeVersion)
  }
}
