package import MediaFSCore

/// Identifies one state of one inode of one catalog, in the metadata of the object that holds it.
package struct CommitToken: Equatable, Sendable {
  private let generation: UInt64
  private let inode: Int64
  let version: Int64
  package let attributeVersion: Int64

  package init(_ record: InodeRecord, generation: UInt64) {
    self.generation = generation
    inode = record.number.value
    version = record.version
    attributeVersion = record.attributeVersion
  }

  /// `nil` for whatever we did not write.
  package init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4, let generation = UInt64(parts[0], radix: 16),
      let inode = Int64(parts[1]), let version = Int64(parts[2]),
      let attributeVersion = Int64(parts[3])
    else { return nil }
    (self.generation, self.inode) = (generation, inode)
    (self.version, self.attributeVersion) = (version, attributeVersion)
  }

  package var text: String {
    "\(String(generation, radix: 16)).\(inode).\(version).\(attributeVersion)"
  }

  /// Whether it was written by this catalog, for whatever inode.
  package func isOurs(_ generation: UInt64) -> Bool {
    self.generation == generation
  }

  /// Whether it is a state of one of these inodes of this catalog.
  package func isState(of inodes: Set<InodeNumber>, _ generation: UInt64) -> Bool {
    isOurs(generation) && inodes.contains(InodeNumber(inode))
  }

  /// Whether it is the same content of the same inode, with these attributes or earlier ones.
  package func isState(of current: CommitToken) -> Bool {
    generation == current.generation && inode == current.inode && version == current.version
      && attributeVersion <= current.attributeVersion
  }

  /// Whether this is a state of the inode that was sent after the one that is committed.
  func isLater(than record: InodeRecord, generation: UInt64) -> Bool {
    let known = record.committedToken(generation: generation)
    return isUnconfirmed(by: known, CommitToken(record, generation: generation))
      && version >= known.version
  }

  /// Whether this is a state of the same inode that was sent to a key after the one that is known
  /// to be there. That one itself does not count: other tools keep metadata when they rewrite an
  /// object, and what they wrote is not ours.
  ///
  /// - Parameter known: `nil` when nothing of the inode is known to be at the key.
  package func isUnconfirmed(by known: CommitToken?, _ current: CommitToken) -> Bool {
    guard generation == current.generation, inode == current.inode, version <= current.version
    else { return false }
    guard let known else { return true }
    // Versions never fall: of an earlier content no attributes are news.
    return version > known.version
      || version == known.version && attributeVersion > known.attributeVersion
  }
}

extension InodeRecord {
  /// What the metadata of the objects that hold the committed state calls it.
  package func committedState(generation: UInt64) -> String {
    if let linkState { return linkState }
    return committedToken(generation: generation).text
  }

  /// Of the state that the primary object holds.
  package func committedToken(generation: UInt64) -> CommitToken {
    var committed = self
    committed.version = committedVersion
    committed.attributeVersion = committedAttributeVersion
    return CommitToken(committed, generation: generation)
  }
}
