import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization

/// Brings the store up to date with one inode. Every step can be repeated after a crash.
struct Reconciliation: Sendable {
  enum Outcome: Sendable {
    case done
    /// Still being written: not before this time.
    case notYet(Timestamp)
    /// Changed on the way, or another step follows.
    case again
    /// Somebody else was there first; what to do about it is decided, and done next time.
    case resolved(ObjectStoreError)
  }

  let context: VolumeContext
  let downloader: Downloader
  let conditions: WriteConditions
  let expansion: TreeExpansion

  func run(_ item: JournalItem) async throws(ObjectStoreError) -> Outcome {
    try await expansion.run(item.inode)
    guard let record = try catalog({ try $0.inode(item.inode) }), record.linkCount > 0,
      let path = try catalog({ try $0.path(of: item.inode) }), !path.isEmpty
    else {
      try catalog { try $0.dropItem(item.inode) }
      return .done
    }
    if try await expansion.finds(record) { return .again }
    let key = key(of: record, path)
    if let due = stillChanging(record, item) { return .notYet(due) }
    let facts = ReconcileFacts(
      kind: record.kind, desiredKey: key, storedKey: record.object?.key,
      isContentDirty: record.isContentDirty, isAttributeDirty: record.isAttributeDirty,
      isEmpty: try catalog { try $0.isEmpty(record.number) },
      areAttributesChosen: record.attributesChosen)
    // A rename far above may have made it: what lies there keeps its old key, and can be read.
    guard key.byteCount <= ObjectKey.maximumLength || facts.step == .nothing else {
      throw .keyTooLong(key)
    }
    do throws(ObjectStoreError) {
      let seen = try await carryOut(facts.step, record, path, key)
      let now = context.environment.now()
      return try catalog { try $0.finish(seen, path: path, at: now) } ? .done : .again
    } catch {
      guard try await isConflict(error, record, facts.step) else { throw error }
      try await conditions.resolve(record, path, key, step: facts.step)
      return .resolved(error)
    }
  }

  /// Whether somebody else has changed what a step was to replace. A condition on a missing object
  /// fails with 404; and of a move, the source may be what changed.
  private func isConflict(
    _ error: ObjectStoreError, _ record: InodeRecord, _ step: ReconcileStep
  ) async throws(ObjectStoreError) -> Bool {
    switch (step, error.kind) {
    case (.upload, .notFound), (.mark, .notFound): return true
    case (.move(let source), .preconditionFailed):
      if try await conditions.holds(record.object?.etag, at: source) { return true }
      throw try sourceIsGone(record, error)
    case (_, .preconditionFailed): return true
    default: return false
    }
  }

  /// The inode as the store has it now.
  private func carryOut(
    _ step: ReconcileStep, _ record: InodeRecord, _ path: [FileName], _ key: ObjectKey
  ) async throws(ObjectStoreError) -> InodeRecord {
    switch step {
    case .nothing: return record
    case .upload where record.kind == .regular:
      return try await upload(record, path, key)
    case .mark where !record.attributesKnown && record.object != nil:
      // Nobody has read what the marker says: it moves as it is.
      return try await copy(from: record.object?.key ?? key, record, path, key)
    case .upload, .mark:
      let body = BytesSource(Array((record.target ?? "").utf8))
      let condition = try await conditions.condition(for: record, at: key)
      let (headers, side) = try await headers(record, path)
      let etag = try await context.store.put(key, body, headers: headers, condition: condition)
      return try commit(record, StoredObject(key: key, etag: etag, size: body.length), side)
    case .move(let source):
      return try await copy(from: source, record, path, key)
    case .rewriteAttributes:
      return try await copy(from: key, record, path, key)
    }
  }

  private func copy(
    from source: ObjectKey, _ record: InodeRecord, _ path: [FileName], _ key: ObjectKey
  ) async throws(ObjectStoreError) -> InodeRecord {
    let condition: WriteCondition =
      source == key ? .none : try await conditions.condition(for: record, at: key, isCopy: true)
    try await conditions.checkSource(record.object?.etag, at: source)
    if !record.attributesKnown { try catalog { try $0.beginCopying(record.number, to: key) } }
    // What nobody has read yet is not replaced by what we would assume.
    let (headers, side) =
      record.attributesKnown ? try await headers(record, path) : (nil, record.sideKey)
    let etag: ETag
    do throws(ObjectStoreError) {
      etag = try await context.store.copy(
        from: source, sourceMatch: record.object?.etag, to: key, headers: headers,
        condition: condition)
    } catch  where error.kind == .notFound {
      throw try sourceIsGone(record, error)
    }
    return try commit(
      record, StoredObject(key: key, etag: etag, size: record.object?.size ?? record.size), side)
  }

  /// The object to copy was deleted by somebody else. If every byte is here it goes up again.
  private func sourceIsGone(
    _ record: InodeRecord, _ error: ObjectStoreError
  ) throws(ObjectStoreError) -> ObjectStoreError {
    let present = try catalog { try $0.extents(of: record.content) }
    guard present.missing(in: 0..<min(record.size, record.baseSize)).isEmpty else {
      return ObjectStoreError(
        .invalid, code: error.code,
        message: "The object was deleted by somebody else, and not all of it is cached here")
    }
    try catalog { try $0.forgetObject(record.number) }
    try conditions.mapping {
      let content = try context.registry.acquire(record.number, asHandle: false)
      defer { _ = context.registry.release(content, asHandle: false) }
      try content.markDirty(context.catalog, now: context.environment.now())
    }
    return ObjectStoreError(.cancelled, code: error.code, message: "The file is uploaded anew")
  }

  private func upload(
    _ record: InodeRecord, _ path: [FileName], _ key: ObjectKey
  ) async throws(ObjectStoreError) -> InodeRecord {
    let content = try conditions.mapping {
      try context.registry.acquire(record.number, asHandle: false)
    }
    defer { _ = context.registry.release(content, asHandle: false) }
    try conditions.mapping { try content.settle(context.catalog, now: context.environment.now()) }
    let planned = layout(of: content)
    try await fetch(planned?.sentRanges ?? [0..<content.size], of: content)
    if planned?.sentSize ?? content.size == content.size {
      try conditions.mapping { try content.detach(context.catalog) }
    }
    guard let snapshot = content.state.withLock({ $0.lifecycle.beginUpload() }) else {
      throw .changedMeanwhile
    }
    defer { content.state.withLock { $0.lifecycle.endUpload(committed: nil) } }
    // What is committed is this version and no later one, whatever is written from now on.
    guard let fresh = try catalog({ try $0.inode(record.number) }),
      fresh.version == snapshot.version, fresh.size == snapshot.size, layout(of: content) == planned
    else { throw .changedMeanwhile }
    let condition = try await conditions.condition(for: fresh, at: key)
    let (headers, side) = try await headers(fresh, path)
    let job = Uploader.Job(
      record: fresh, content: content, key: key, headers: headers, condition: condition,
      changes: snapshot.changes, layout: planned)
    let object: StoredObject
    if let copy = try await copyKnownContent(fresh, to: key, headers: headers) {
      object = copy
    } else {
      object = try await send(job)
    }
    return try content.changing.withLock { _ throws(ObjectStoreError) -> InodeRecord in
      let after = try commit(fresh, object, side)
      content.state.withLock { state in
        state.object = object
        state.lifecycle.endUpload(committed: fresh.version)
      }
      return after
    }
  }

  /// How the content would go up as it is now.
  private func layout(of content: FileContent) -> UploadLayout? {
    let copiesParts = context.copiesParts.withLock { $0 }
    let (size, unchanged, isLocal) = content.state.withLock { state in
      let hasObject = copiesParts && state.object != nil && !state.isSuperseded
      return (
        state.lifecycle.size, hasObject ? state.lifecycle.unchanged : nil,
        state.lifecycle.missing(in: 0..<state.lifecycle.size).isEmpty
      )
    }
    return Uploader(context: context).layout(of: size, unchanged: unchanged, isLocal: isLocal)
  }

  private func send(_ job: Uploader.Job) async throws(ObjectStoreError) -> StoredObject {
    let copies = job.layout?.parts.contains { $0.origin == .object } ?? false
    if copies, let object = job.record.object {
      try await conditions.checkSource(object.etag, at: object.key)
    }
    do throws(ObjectStoreError) {
      return try await Uploader(context: context).upload(job)
    } catch {
      guard copies, error.kind == .invalid || error.code == "NotImplemented" else { throw error }
      // A store that cannot copy ranges: from now on everything is sent.
      context.copiesParts.withLock { $0 = false }
      context.log.notice("The store does not copy ranges of objects: \(error)")
      throw .changedMeanwhile
    }
  }

  /// Fetches what will be sent and is not here.
  private func fetch(
    _ ranges: [Range<Int64>], of content: FileContent
  ) async throws(ObjectStoreError) {
    try await conditions.mapping {
      for range in ranges {
        // Piece by piece: readers ask for theirs in between, and the cache makes room as it goes.
        while let gap = content.state.withLock({ $0.lifecycle.missing(in: range) }).first {
          let end = min(gap.upperBound, gap.lowerBound + ReadWindow.maximumWindow)
          try await downloader.require(gap.lowerBound..<end, of: content)
        }
      }
    }
  }

  private func commit(
    _ record: InodeRecord, _ object: StoredObject, _ side: ObjectKey?
  ) throws(ObjectStoreError) -> InodeRecord {
    let now = context.environment.now()
    let commit = Commit(
      inode: record.number, object: object, version: record.version,
      attributeVersion: record.attributeVersion, sideKey: side)
    _ = try catalog { try $0.commit(commit, at: now) }
    // Who has it open fetches from there from now on.
    context.registry.current(record.number)?.state.withLock { $0.object = object }
    return record
  }

  // MARK: What and when

  /// The key that the path wants, even if no store took it.
  private func key(of record: InodeRecord, _ path: [FileName]) -> ObjectKey {
    let prefix = context.keySpace.directoryPrefix(of: path)
    return ObjectKey(
      record.kind == .directory ? prefix : String(Substring(prefix.utf8.dropLast())))
  }

  /// The cool-down runs from the last write, which the journal does not see; but not for ever.
  private func stillChanging(_ record: InodeRecord, _ item: JournalItem) -> Timestamp? {
    guard let content = context.registry.current(record.number) else { return nil }
    let (isSettled, modified) = content.state.withLock { ($0.lifecycle.isSettled, $0.modified) }
    guard !isSettled else { return nil }
    let due = modified.advanced(by: context.options.uploadDelay)
    let latest = item.since.advanced(by: context.options.uploadMaximumDelay)
    let now = context.environment.now()
    return due > now && latest > now ? min(due, latest) : nil
  }

  /// What goes up with the object, and the object beside that it refers to, which is there by now.
  private func headers(
    _ record: InodeRecord, _ path: [FileName]
  ) async throws(ObjectStoreError) -> (ObjectHeaders, side: ObjectKey?) {
    guard let (now, extended) = try catalog({ try $0.described(record.number) }),
      now.attributeVersion == record.attributeVersion
    else { throw .changedMeanwhile }
    var attributes = StoredAttributes(
      kind: record.kind, permissions: record.permissions, owner: record.owner,
      modified: record.modified, accessed: record.accessed, changed: record.changed,
      device: record.device, extended: extended)
    let others = [WriteConditions.commitName: conditions.token(of: record)]
    let side = try await SideObject.place(&attributes, of: record, besides: others, context)
    let contentType: String? =
      record.kind == .directory
      ? StoredAttributes.directoryContentType : path.last.map { context.contentTypes.type(of: $0) }
    let headers = ObjectHeaders(
      contentType: contentType, storageClass: context.options.storageClass,
      metadata: attributes.encode().merging(others) { $1 })
    return (headers, side)
  }

  func catalog<Answer>(
    _ question: (Catalog) throws -> Answer
  ) throws(ObjectStoreError) -> Answer {
    try context.asked(question)
  }
}

extension ObjectStoreError {
  fileprivate static func keyTooLong(_ key: ObjectKey) -> ObjectStoreError {
    ObjectStoreError(
      .invalid, code: "KeyTooLongError",
      message: "The key would have \(key.byteCount) bytes, S3 takes \(ObjectKey.maximumLength): "
        + "rename it, or a directory above it")
  }

  fileprivate static let changedMeanwhile = ObjectStoreError(
    .cancelled, code: "Changed", message: "The file changed before it was uploaded")
}
