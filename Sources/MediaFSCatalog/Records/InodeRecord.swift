package import MediaFSCore
package import ObjectStorage

/// Everything the catalog knows of one inode: a row of the table `inode`.
package struct InodeRecord: Sendable, Hashable {
  package var number: InodeNumber
  package var kind: FileKind
  package var permissions: UInt32
  package var owner: Owner
  package var linkCount: UInt32
  /// In bytes; for a file that is being written, the live content knows better.
  package var size: Int64
  package var accessed: Timestamp
  package var modified: Timestamp
  package var changed: Timestamp
  package var device: UInt64
  /// Of a symbolic link; `nil` until it was read from the object.
  package var target: String?

  /// Mode, owner and times were read from the object's metadata, or set here. A listing alone
  /// does not tell them.
  package var attributesKnown: Bool
  /// Somebody chose these attributes: a directory that has them gets a marker object.
  package var attributesChosen: Bool

  /// Where the bytes were last committed; `nil` for what the store has never seen.
  package var object: StoredObject?
  /// Bytes before this offset that no extent covers are those of ``object``; all others are here.
  package var baseSize: Int64

  /// Counts changes of the content, and of the attributes; the committed ones are in the store.
  package var version: Int64
  package var committedVersion: Int64
  package var attributeVersion: Int64
  package var committedAttributeVersion: Int64
  /// When ``object`` was last written by us; listings that began earlier know less.
  package var committedAt: Timestamp

  /// The content file's own size and time are newer than this row's.
  package var isWriting: Bool
  /// Names the content file; 0 while there is none.
  package var content: ContentNumber
  /// Of a directory: when its listing was last known to be complete; ``Timestamp/epoch`` when it
  /// is known, but has to be listed anew.
  package var listed: Timestamp?

  /// Binds the objects of an inode with several names, for every host; `nil` with one name.
  package var linkGroup: String?
  /// The object beside that holds extended attributes too long for metadata.
  package var sideKey: ObjectKey?
  /// The store does not get it, and has nothing of it (`local.only`).
  package var isLocalOnly: Bool
  /// The object whose bytes this one's content was copied from.
  package var copied: CopiedContent?
  /// The attribute version with which extended attributes changed last; 0 while they are as they
  /// were read from the object.
  package var extendedVersion: Int64
  /// What another host calls the state that is committed, in the metadata of its objects; `nil`
  /// when it is ours.
  package var linkState: String?
  /// Of what is here, how much is zeros that take no room.
  package var holeBytes: Int64

  /// What its content file holds, in bytes; told of an inode that is losing its content, once the
  /// rows that say it are gone.
  package var heldBytes: Int64 = 0

  package var isContentDirty: Bool { version != committedVersion }
  package var isAttributeDirty: Bool { attributeVersion != committedAttributeVersion }

  /// The extended attributes in ``sideKey`` are those of now.
  package var isSideCurrent: Bool {
    sideKey != nil && extendedVersion <= committedAttributeVersion
  }

  package func attributes(generation: UInt64) -> FileAttributes {
    FileAttributes(
      inode: number, generation: generation, kind: kind, permissions: permissions, owner: owner,
      linkCount: linkCount, size: size, blocks: (size - holeBytes + 511) / 512, accessed: accessed,
      modified: modified, changed: changed, device: device)
  }
}

/// What content was copied from: while the inode's version is ``version``, its bytes are those of
/// that object, and the store can copy them itself.
package struct CopiedContent: Sendable, Hashable {
  package var key: ObjectKey
  package var etag: ETag
  package var version: Int64

  package init(key: ObjectKey, etag: ETag, version: Int64) {
    self.key = key
    self.etag = etag
    self.version = version
  }
}

/// An object that is known to be in the store.
package struct StoredObject: Sendable, Hashable {
  package var key: ObjectKey
  package var etag: ETag
  /// In bytes.
  package var size: Int64

  package init(key: ObjectKey, etag: ETag, size: Int64) {
    self.key = key
    self.etag = etag
    self.size = size
  }
}
