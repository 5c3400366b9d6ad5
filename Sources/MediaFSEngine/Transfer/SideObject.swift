import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage

/// The object beside a file's own that holds extended attributes too long for metadata.
///
/// Written before the object that refers to it, under a name that no other state has, and deleted
/// once nothing refers to it: whoever reads the one finds the other.
enum SideObject {
  /// An attempt that never got to its second step is tidied up after this time. Long, since the
  /// steps may be tried for hours; each attempt starts it anew.
  private static let abandonment: Duration = .seconds(86_400)
  /// More than the attributes of an inode can take as text, in bytes.
  private static let maximumSize: Int64 = 4 << 20

  /// Where the extended attributes of a record belong when they do not fit.
  static func key(of record: InodeRecord, _ context: VolumeContext) -> ObjectKey {
    if record.isSideCurrent, let key = record.sideKey { return key }
    return context.keySpace.key(
      of: SideName(
        generation: context.catalog.generation, inode: record.number,
        version: record.extendedVersion))
  }

  /// The object beside that metadata refers to.
  static func key(from metadata: [String: String], _ keySpace: KeySpace) -> ObjectKey? {
    StoredAttributes.sideName(in: metadata).map { keySpace.key(of: $0) }
  }

  /// Makes attributes fit into metadata: what does not is in the side object when this returns,
  /// whose key is the answer.
  ///
  /// - Parameter others: metadata that goes along.
  static func place(
    _ attributes: inout StoredAttributes, of record: InodeRecord,
    besides others: [String: String], _ context: VolumeContext
  ) async throws(ObjectStoreError) -> ObjectKey? {
    let whole = attributes.encode().merging(others) { $1 }
    guard !attributes.extended.isEmpty, MetadataSize.of(whole) > MetadataSize.limit else {
      return nil
    }
    let key = key(of: record, context)
    attributes.side = context.keySpace.sideName(of: key)
    if record.isSideCurrent { return key }
    let now = context.environment.now()
    do throws(CatalogError) {
      try context.catalog.announceSide(key, at: now, due: now.advanced(by: abandonment))
    } catch {
      throw .catalog(error)
    }
    _ = try await context.store.put(
      key, BytesSource(Array(attributes.extended.text.utf8)),
      headers: ObjectHeaders(contentType: "application/json"), condition: .none)
    return key
  }

  /// The extended attributes in a side object; `nil` without one, and when it is not what it should
  /// be: a tool that copies objects may leave it behind.
  static func read(
    _ key: ObjectKey?, _ context: VolumeContext
  ) async throws(ObjectStoreError) -> ExtendedAttributes? {
    guard let key else { return nil }
    do throws(ObjectStoreError) {
      let download = try await context.store.get(key, range: nil, ifMatch: nil)
      if download.info.size <= maximumSize {
        let body = try await download.body.collect()
        if let text = String(validating: body, as: UTF8.self),
          let extended = ExtendedAttributes(text: text)
        {
          return extended
        }
      } else {
        download.body.cancel()
      }
    } catch {
      guard error.kind == .notFound else { throw error }
    }
    context.log.warning("Extended attributes are lost: \(key) does not hold any")
    return nil
  }
}
