/// Something that is so in no volume that is in order, however often its daemon has died.
package struct Violation: Sendable, Hashable {
  /// What always holds; named by how it is broken.
  package enum Rule: String, Sendable, CaseIterable {
    /// Every inode that the store does not have as it is here is in the journal.
    case notQueued = "dirty but not queued"
    /// What is in the journal has a name.
    case queuedWithoutName = "queued without a name"
    /// An inode has names exactly while it counts any.
    case wrongNames = "counts names that are not there"
    /// A name leads from a directory to an inode.
    case danglingName = "a name that leads nowhere"
    /// A clean file is an object.
    case cleanWithoutObject = "clean without an object"
    /// A content file belongs to one inode, which knows it.
    case strangeContent = "content of another inode"
    /// The sum of the holes is kept in the inode's row.
    case wrongHoles = "holes that were not counted"
    /// What is here of a file is in its content file.
    case extentWithoutBytes = "extent without bytes"
    /// What was acknowledged and not uploaded is in the content file.
    case lostBytes = "acknowledged bytes are missing"
    /// The cache's account is the sum of what is here.
    case wrongUsage = "the cache's account is wrong"
    /// Only blocks that the store has as they are here have a checksum.
    case sumOfOtherBytes = "a checksum of bytes that may be others"
    /// Everything in the store lies in the namespace.
    case outsideNamespace = "a key outside of the namespace"
  }

  package var rule: Rule
  /// What it is about: an inode, a key, with what was found instead.
  package var subject: String

  package init(_ rule: Rule, _ subject: String) {
    self.rule = rule
    self.subject = subject
  }
}

extension Violation.Rule {
  /// What can have led to it.
  package var cause: String {
    switch self {
    case .notQueued, .queuedWithoutName, .wrongNames, .danglingName, .cleanWithoutObject,
      .strangeContent, .wrongHoles, .wrongUsage, .sumOfOtherBytes, .outsideNamespace:
      "a fault of mediafs, or a catalog that was damaged"
    case .extentWithoutBytes, .lostBytes:
      "the content file was removed or cut short behind the daemon's back, or the disk has lost it"
    }
  }

  /// What was done about it, or has to be done.
  package var cure: String {
    switch self {
    case .notQueued: "it is queued now"
    case .wrongUsage: "the account is right now"
    case .extentWithoutBytes: "what is missing is fetched again when the file is opened"
    case .lostBytes: "restore the content file from a backup, or delete the file"
    case .outsideNamespace: "nothing is written there; please report it"
    case .queuedWithoutName, .wrongNames, .danglingName, .cleanWithoutObject, .strangeContent,
      .wrongHoles, .sumOfOtherBytes:
      "please report it; a new cache.directory begins anew with what the store has"
    }
  }
}
