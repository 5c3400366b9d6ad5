package import MediaFSCore
package import ObjectStorage

/// An inode with all its names, and all objects that hold it.
package struct Placement: Sendable {
  package var inode: InodeRecord
  /// From the root, the oldest name first; one for a directory.
  package var paths: [[FileName]]
  /// Objects besides that of the row, which is the primary one.
  package var aliases: [AliasRecord]

  /// The object that the inode has at a key.
  package func object(at key: ObjectKey) -> StoredObject? {
    if let object = inode.object, object.key == key { return object }
    return aliases.first { $0.object.key == key }?.object
  }

  /// What the metadata of the object at a key says as far as is known; `nil` where there is none.
  package func token(at key: ObjectKey, generation: UInt64) -> CommitToken? {
    if inode.object?.key == key { return inode.committedToken(generation: generation) }
    return aliases.first { $0.object.key == key }.map { alias in
      var held = inode
      held.version = alias.version
      held.attributeVersion = alias.attributeVersion
      return CommitToken(held, generation: generation)
    }
  }

  /// The primary object is this one now, in the state of the inode.
  package mutating func commit(_ object: StoredObject) {
    if inode.isContentDirty || inode.isAttributeDirty { inode.linkState = nil }
    inode.object = object
    inode.committedVersion = inode.version
    inode.committedAttributeVersion = inode.attributeVersion
    aliases.removeAll { $0.object.key == object.key }
  }
}

/// An object that holds an inode for one of its names, beside the primary one.
package struct AliasRecord: Sendable, Hashable {
  package var object: StoredObject
  /// The state of the inode that it holds; none that the inode ever had when it is not known.
  package var version: Int64
  package var attributeVersion: Int64
  /// When it was last written by us.
  package var committedAt: Timestamp

  /// For an object that holds something else than we know.
  static let unknownVersion: Int64 = -1
}
