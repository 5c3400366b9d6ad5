import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization

/// Long files begin to go up while somebody still writes to them.
extension Reconciliation {
  /// Sends the parts of a file that have cooled down, although the file has not.
  ///
  /// Its object gets the attributes of this moment, and those of its end once it is there: S3 takes
  /// them when an upload in parts begins (CreateMultipartUpload).
  func sendAhead(
    _ placement: Placement, _ targets: Targets
  ) async throws(ObjectStoreError) {
    let record = placement.inode
    // What goes up beside an object, or with several, is settled at the end.
    guard record.kind == .regular, record.linkCount == 1, record.linkGroup == nil,
      record.sideKey == nil, targets.tooLong == nil
    else { return }
    let upload = Self.facts(placement, targets, isEmpty: false).steps.compactMap { step in
      if case .upload(let key) = step { key } else { nil }
    }
    let uploader = Uploader(context: context, conditions: conditions)
    guard let key = upload.first, let content = context.registry.current(record.number),
      content.isWorthSendingAhead(above: uploader.smallestAhead)
    else { return }
    let held = try conditions.mapping {
      try context.registry.acquire(record.number, asHandle: false)
    }
    defer { _ = context.registry.release(held, asHandle: false) }
    // Which checksums the store takes is known then.
    _ = try await conditions.storeFeatures()
    try await uploader.sendAhead(
      Uploader.Job(
        record: record, content: held, key: key,
        headers: unfinishedHeaders(record, targets.paths[key], at: key), condition: .none,
        changes: nil, layout: nil, sums: nil))
  }

  /// The token says of them that they are older than those of the file, whatever comes.
  private func unfinishedHeaders(
    _ record: InodeRecord, _ path: [FileName]?, at key: ObjectKey
  ) -> ObjectHeaders {
    var earlier = record
    earlier.attributeVersion -= 1
    let generation = context.catalog.generation
    let mark = CommitMark.metadata(
      CommitToken(earlier, generation: generation).text, at: key, generation: generation)
    let attributes = StoredAttributes(
      kind: record.kind, permissions: record.permissions, owner: record.owner,
      modified: record.modified, accessed: record.accessed, changed: record.changed,
      device: record.device, extended: ExtendedAttributes())
    return ObjectHeaders(
      contentType: path?.last.map { context.contentTypes.type(of: $0) },
      storageClass: context.options.storageClass, metadata: attributes.encode().merging(mark) { $1 }
    )
  }
}

extension FileContent {
  /// Whether it is long, being written, and nothing of it has to come from elsewhere.
  fileprivate func isWorthSendingAhead(above size: Int64) -> Bool {
    state.withLock { state in
      state.lifecycle.size > size && state.lifecycle.baseSize == 0 && state.mappers == 0
        && !state.isOrphan && !state.isSuperseded
    }
  }
}
