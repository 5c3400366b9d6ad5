package import MediaFSCore
package import ObjectStorage

/// States of an inode that were sent and whose answer was lost, or has not come yet.
extension Catalog {
  /// Takes what was found in the place of the primary object for that object, if it is a later
  /// state of the inode that was sent from here. What of the inode is not here is the same in it.
  ///
  /// That is so because an inode with changes that no answer has confirmed only gains bytes.
  /// Nothing of it is evicted (``removeExtents(_:)``). What is written, made zeros or copied is
  /// here from then on. What is cut off is not the object's any more: `base_size` only shrinks
  /// until the next commit, and what is added behind the end is here. So what is not here now was
  /// not here either when that state was sent, and such bytes the store has copied, on condition
  /// that the object was the one known then. Between two states that were both sent the same
  /// holds.
  ///
  /// Whatever is here may be different there, and so may the size: it is not committed by this, and
  /// the next upload replaces it. It is no shorter than what the file still has of the object: else
  /// a power cut has taken from the catalog that it was cut. With the committed content, only other
  /// attributes, its size is known; another one has been written by somebody who keeps metadata.
  ///
  /// - Parameters:
  ///   - token: what the metadata of `found` says.
  ///   - known: the version that was asked for; of an inode without a name the catalog has none.
  /// - Returns: true also when it has been taken for the object before. False when it is somebody
  ///   else's.
  package func recognise(
    _ found: StoredObject, _ token: CommitToken, insteadOf known: StoredObject,
    of inode: InodeNumber, at now: Timestamp
  ) throws(CatalogError) -> Bool {
    try write { database in
      guard let record = try database.inode(inode), found != known else { return false }
      if record.object == found { return true }
      guard record.object == known || record.linkCount == 0, found.key == known.key,
        token.isLater(than: record, generation: generation),
        found.size >= record.baseSize || record.linkCount == 0,
        token.version != record.committedVersion || found.size == known.size
      else { return false }
      // What is expected at the key stays so: another upload may be on its way there.
      try database.run(
        """
        UPDATE inode SET object_etag = ?, object_size = ?, committed_at = ?
        WHERE id = ? AND object_key = ?
        """,
        [
          found.etag.text, found.size, now.nanosecondsSinceEpoch, inode.value, found.key.text,
        ])
      return true
    }
  }

  /// Whether a token is of changed content of the inode that was sent from here after the committed
  /// one, whose object is known.
  package func isLaterContent(
    _ token: CommitToken, than known: StoredObject, of inode: InodeNumber
  ) throws(CatalogError) -> Bool {
    guard let record = try self.inode(inode), record.object == known else { return false }
    return token.isLater(than: record, generation: generation)
      && token.version != record.committedVersion
  }
}
