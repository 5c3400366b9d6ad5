import MediaFSCore
import ObjectStorage

/// The columns of `inode` in the order in which ``InodeRecord/init(row:)`` reads them.
enum InodeColumns {
  private static let names = [
    "id", "kind", "permissions", "uid", "gid", "links", "size", "accessed", "modified", "changed",
    "device", "target", "attributes_known", "attributes_chosen", "object_key", "object_etag",
    "object_size", "base_size", "version", "committed_version", "attribute_version",
    "committed_attribute_version", "committed_at", "writing", "content", "listed",
    "link_group", "side_key", "local_only", "copied_key", "copied_etag", "copied_version",
    "extended_version", "link_state", "hole_bytes",
  ]

  static let count = names.count

  /// For a query that names the table `inode`.
  static let all = names.map { "inode.\($0)" }.joined(separator: ", ")
}

extension InodeRecord {
  init(row: Row) {
    func time(_ index: Int) -> Timestamp {
      Timestamp(nanosecondsSinceEpoch: row[index])
    }
    let key: String? = row[14]
    let etag: String? = row[15]
    let listed: Int64? = row[25]
    let copiedKey: String? = row[29]
    let copiedETag: String? = row[30]
    let copiedVersion: Int64? = row[31]
    let sideKey: String? = row[27]
    self.init(
      number: InodeNumber(row[0]),
      kind: FileKind(rawValue: row[1]) ?? .regular,
      permissions: row[2],
      owner: Owner(user: row[3], group: row[4]),
      linkCount: row[5],
      size: row[6],
      accessed: time(7),
      modified: time(8),
      changed: time(9),
      device: UInt64(bitPattern: row[10]),
      target: row[11],
      attributesKnown: row[12],
      attributesChosen: row[13],
      object: key.flatMap { key in
        etag.map { StoredObject(key: ObjectKey(key), etag: ETag($0), size: row[16]) }
      },
      baseSize: row[17],
      version: row[18],
      committedVersion: row[19],
      attributeVersion: row[20],
      committedAttributeVersion: row[21],
      committedAt: time(22),
      isWriting: row[23],
      content: ContentNumber(row[24]),
      listed: listed.map { Timestamp(nanosecondsSinceEpoch: $0) },
      linkGroup: row[26],
      sideKey: sideKey.map { ObjectKey($0) },
      isLocalOnly: row[28],
      copied: copiedKey.flatMap { key in
        copiedETag.flatMap { etag in
          copiedVersion.map {
            CopiedContent(key: ObjectKey(key), etag: ETag(etag), version: $0)
          }
        }
      },
      extendedVersion: row[32],
      linkState: row[33],
      holeBytes: row[34])
  }
}
