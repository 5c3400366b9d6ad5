package import MediaFSCore
package import ObjectStorage

/// A multipart upload under way: enough to go on with it after a crash.
package struct UploadRecord: Sendable, Hashable {
  package var inode: InodeNumber
  package var key: ObjectKey
  package var upload: UploadID
  /// The content that is being sent; another one begins anew.
  package var version: Int64
  /// ``UploadLayout/text``: what its parts are.
  package var layout: String

  package init(
    inode: InodeNumber, key: ObjectKey, upload: UploadID, version: Int64, layout: String
  ) {
    self.inode = inode
    self.key = key
    self.upload = upload
    self.version = version
    self.layout = layout
  }

  /// It began while the file was still being written.
  package var isAhead: Bool { UploadLayout.partSize(ahead: layout) != nil }
}

extension Catalog {
  /// Recorded before an object is copied as it is, without metadata that would tell it for ours: if
  /// the answer is lost, this does.
  package func beginCopying(
    _ inode: InodeNumber, to key: ObjectKey
  ) throws(CatalogError) {
    try write { database in
      try database.run(
        "UPDATE journal SET copying = ? WHERE inode = ?", [key.text, inode.value])
    }
  }

  package func isCopying(_ inode: InodeNumber, to key: ObjectKey) throws(CatalogError) -> Bool {
    try read { database in
      try database.exists(
        "SELECT 1 FROM journal WHERE inode = ? AND copying = ?", [inode.value, key.text])
    }
  }

  /// Recorded before the first part is sent, so that no upload is ever unknown.
  ///
  /// - Parameter isOnlyOne: what ``willBeginUpload(of:at:)`` said.
  /// - Returns: false when the inode has lost its last name meanwhile: the upload is abandoned.
  package func begin(_ upload: UploadRecord, isOnlyOne: Bool = false) throws(CatalogError) -> Bool {
    try write { database in
      if isOnlyOne {
        try database.run("DELETE FROM abandoned WHERE key = ? AND upload = ''", [upload.key.text])
      }
      guard let record = try database.inode(upload.inode), record.linkCount > 0 else {
        try database.run(
          "INSERT OR IGNORE INTO abandoned VALUES (?, ?)", [upload.key.text, upload.upload.text])
        return false
      }
      try database.run("DELETE FROM part WHERE inode = ?", [upload.inode.value])
      try database.run(
        "INSERT OR REPLACE INTO upload VALUES (?, ?, ?, ?, ?, ?)",
        [
          upload.inode.value, upload.key.text, upload.upload.text, upload.version, upload.layout,
          upload.upload.checksum?.rawValue,
        ])
      return true
    }
  }

  /// The store has a part; of an upload that was abandoned meanwhile nobody wants to know.
  package func record(_ part: UploadedPart, of upload: UploadRecord) throws(CatalogError) {
    try write { database in
      try database.run(
        """
        INSERT OR REPLACE INTO part
        SELECT inode, ?, ?, ?, ? FROM upload WHERE inode = ? AND upload = ?
        """,
        [
          part.number, part.etag.text, part.size, part.checksum?.text, upload.inode.value,
          upload.upload.text,
        ])
    }
  }

  package func upload(
    of inode: InodeNumber
  ) throws(CatalogError) -> (record: UploadRecord, parts: [UploadedPart])? {
    try read { database in
      guard let row = try database.row("SELECT * FROM upload WHERE inode = ?", [inode.value])
      else { return nil }
      let algorithm = (row[5] as String?).flatMap(ChecksumAlgorithm.init(rawValue:))
      let parts = try database.rows(
        "SELECT number, etag, size, checksum FROM part WHERE inode = ? ORDER BY number",
        [inode.value]
      ).map { row in
        let text: String? = row[3]
        return UploadedPart(
          number: row[0], etag: ETag(row[1]), size: row[2],
          checksum: algorithm.flatMap { kind in
            text.flatMap { ObjectChecksum(kind, text: $0) }
          })
      }
      let record = UploadRecord(
        inode: inode, key: ObjectKey(row[1]), upload: UploadID(row[2], checksum: algorithm),
        version: row[3], layout: row[4])
      return (record, parts)
    }
  }

  /// Every multipart upload that is known here, whatever became of its inode.
  package func knownUploads() throws(CatalogError) -> Set<UploadID> {
    try read { database in
      Set(try database.rows("SELECT upload FROM upload").map { UploadID($0[0]) })
    }
  }

  /// An upload is about to be begun at a key: until ``begin(_:isOnlyOne:)`` says which, it may be
  /// any that is not known. Returns whether it is the only one there of which that is so.
  package func willBeginUpload(
    of inode: InodeNumber, at key: ObjectKey
  ) throws(CatalogError) -> Bool {
    try write { database in
      try database.abandonUpload(of: inode)
      try database.run("INSERT OR IGNORE INTO abandoned VALUES (?, '')", [key.text])
      return database.changesCount > 0
    }
  }

  /// The store is about to be asked for uploads at a key that nobody goes on with, should the
  /// answer not come.
  package func willMakeParts(at key: ObjectKey) throws(CatalogError) -> Bool {
    try write { database in
      try database.run("INSERT OR IGNORE INTO abandoned VALUES (?, '')", [key.text])
      return database.changesCount > 0
    }
  }

  /// Nobody goes on with the upload of an inode.
  package func abandonUpload(of inode: InodeNumber) throws(CatalogError) {
    try write { try $0.abandonUpload(of: inode) }
  }

  /// The multipart upload of an inode is over, and the store knows it.
  package func endUpload(of inode: InodeNumber) throws(CatalogError) {
    try write { database in
      try database.run("DELETE FROM upload WHERE inode = ?", [inode.value])
      try database.run("DELETE FROM part WHERE inode = ?", [inode.value])
    }
  }

  /// Uploads that nobody goes on with; an empty name stands for all unknown ones of a key.
  package func abandonedUploads(
    limit: Int
  ) throws(CatalogError) -> [(key: ObjectKey, upload: UploadID)] {
    try read { database in
      try database.rows("SELECT key, upload FROM abandoned LIMIT ?", [limit]).map {
        (ObjectKey($0[0]), UploadID($0[1]))
      }
    }
  }

  /// The store has freed their parts.
  package func aborted(_ upload: UploadID, of key: ObjectKey) throws(CatalogError) {
    try write { database in
      try database.run(
        "DELETE FROM abandoned WHERE key = ? AND upload = ?", [key.text, upload.text])
    }
  }
}
