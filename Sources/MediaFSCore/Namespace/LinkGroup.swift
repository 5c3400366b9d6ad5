/// What the metadata of an object tells of the inode's other names.
///
/// Every name of an inode has an object of its own. This is what binds them, so that a host that
/// finds them sees one inode again.
package struct LinkGroup: Hashable, Sendable {
  /// Which inode, in the words of the host that gave it its second name.
  package var name: String
  /// How many names it has.
  package var count: UInt32
  /// Names the state that the object holds. Objects of one group that hold the same one are one
  /// inode; others were changed apart from each other.
  package var state: String

  package init(name: String, count: UInt32, state: String) {
    self.name = name
    self.count = count
    self.state = state
  }
}

// MARK: - Metadata

extension LinkGroup {
  /// Names in ``ObjectHeaders/metadata``. The state is what marks every commit.
  private enum Name {
    static let group = "mediafs-link"
    static let count = "mediafs-links"
    static let state = "mediafs-commit"
  }

  /// The longest group name that is taken for one: ours have 37 bytes at most.
  private static let maximumLength = 64

  package func encode() -> [String: String] {
    [Name.group: name, Name.count: String(count), Name.state: state]
  }

  /// `nil` for an object that stands alone, and for whatever makes no sense.
  package init?(metadata: [String: String]) {
    guard let name = metadata[Name.group], let text = metadata[Name.count],
      let state = metadata[Name.state], !name.isEmpty, name.utf8.count <= Self.maximumLength
    else { return nil }
    guard let count = UInt32(text), count > 1 else { return nil }
    self.init(name: name, count: count, state: state)
  }
}
