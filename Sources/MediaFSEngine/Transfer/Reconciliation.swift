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

  /// - Parameter claimed: the keys at which nobody else works meanwhile. When the inode wants
  ///   others by now, nothing is done before they are claimed too: a delete may be under way there.
  func run(
    _ item: JournalItem, claimed: Set<ObjectKey>
  ) async throws(ObjectStoreError) -> Outcome {
    try await expansion.run(item.inode)
    guard var placement = try catalog({ try $0.placement(of: item.inode) }),
      placement.inode.linkCount > 0
    else { return try finish(item.inode) }
    guard keys(of: placement).isSubset(of: claimed) else { return .again }
    let targets = Targets(placement, localOnly: context.options.localOnly, key)
    guard !targets.keys.isEmpty || !targets.covered.isEmpty else {
      return try finish(item.inode)
    }
    if try await expansion.finds(placement.inode) { return .again }
    if targets.keys.isEmpty { return try await keepHere(placement, targets) }
    if let due = stillChanging(placement.inode, item) {
      try await sendAhead(placement, targets)
      return .notYet(due)
    }
    let isEmpty = try catalog { try $0.holdsNothingToStore(item.inode) }
    let steps = Self.facts(placement, targets, isEmpty: isEmpty).steps
    if !steps.isEmpty, let key = targets.tooLong {
      // A rename far above may have made it: what lies there keeps its old key, and can be read.
      // Other names of the inode go their ways.
      let feasible = Self.facts(placement, targets.feasible, isEmpty: isEmpty).steps.filter {
        if case .bury = $0 { false } else { true }
      }
      if let outcome = try await carryOut(feasible, &placement, targets) { return outcome }
      throw .keyTooLong(key)
    }
    if let outcome = try await carryOut(steps, &placement, targets) { return outcome }
    return try finish(item.inode)
  }

  /// `nil` when all of them have been carried out.
  private func carryOut(
    _ steps: [ReconcileStep], _ placement: inout Placement, _ targets: Targets
  ) async throws(ObjectStoreError) -> Outcome? {
    for step in steps {
      do throws(ObjectStoreError) {
        if let key = step.target {
          guard try await conditions.shelterReaders(of: key, from: placement) else {
            return .notYet(context.environment.now().advanced(by: Reconciler.heldInterval))
          }
          try await conditions.expect(placement, at: key)
        }
        try await carryOut(step, &placement, targets)
      } catch {
        guard let key = step.target else { throw error }
        return .resolved(try await resolve(error, placement, step, key, targets))
      }
    }
    return nil
  }

  /// What a step has failed of, once it is decided what to do about it.
  private func resolve(
    _ failure: ObjectStoreError, _ placement: Placement, _ step: ReconcileStep, _ key: ObjectKey,
    _ targets: Targets
  ) async throws(ObjectStoreError) -> ObjectStoreError {
    do throws(ObjectStoreError) {
      guard let path = targets.paths[key], try await isConflict(failure, placement, step) else {
        throw failure
      }
      try await conditions.resolve(
        WriteConflict(placement: placement, step: step, key: key, path: path))
      return failure
    } catch {
      if error.code == ObjectStoreError.baseIsGone.code { try await conditions.giveUp(key) }
      throw error
    }
  }

  private func finish(_ inode: InodeNumber) throws(ObjectStoreError) -> Outcome {
    let now = context.environment.now()
    return try catalog {
      try $0.finish(inode, at: now) { placement, isEmpty in
        let targets = Targets(placement, localOnly: context.options.localOnly, key)
        let isKeptHere = targets.keys.isEmpty && !targets.covered.isEmpty
        return !isKeptHere && Self.facts(placement, targets, isEmpty: isEmpty).steps.isEmpty
      }
    } ? .done : .again
  }

  static func facts(
    _ placement: Placement, _ targets: Targets, isEmpty: Bool
  ) -> ReconcileFacts {
    let record = placement.inode
    return ReconcileFacts(
      kind: record.kind, desiredKeys: targets.keys,
      primary: record.object.map {
        HeldObject(
          key: $0.key, hasContent: !record.isContentDirty,
          hasAttributes: !record.isAttributeDirty)
      },
      aliases: placement.aliases.map {
        HeldObject(
          key: $0.object.key,
          hasContent: !record.isContentDirty && $0.version == record.version,
          hasAttributes: $0.attributeVersion == record.attributeVersion)
      },
      isEmpty: isEmpty, areAttributesChosen: record.attributesChosen)
  }

  /// Whether somebody else has changed what a step was to replace. A condition on a missing object
  /// fails with 404; and of a copy, the source may be what changed.
  private func isConflict(
    _ error: ObjectStoreError, _ placement: Placement, _ step: ReconcileStep
  ) async throws(ObjectStoreError) -> Bool {
    guard error.kind == .preconditionFailed || error.kind == .notFound else { return false }
    switch step {
    case .mark: return true
    case .upload(let key):
      // What was not changed comes from the object that the file has elsewhere.
      guard let source = placement.inode.object?.key, source != key else { return true }
      return try await isTargetTaken(error, placement)
    case .move, .copy:
      return try await isTargetTaken(error, placement)
    case .rewriteAttributes where error.kind == .preconditionFailed: return true
    case .rewriteAttributes: throw try sourceIsGone(placement.inode, error)
    case .promote, .bury: return false
    }
  }

  /// Not if what has changed is the source.
  private func isTargetTaken(
    _ error: ObjectStoreError, _ placement: Placement
  ) async throws(ObjectStoreError) -> Bool {
    let record = placement.inode
    if let source = record.object, try await conditions.isKnown(source, of: record.number) {
      return true
    }
    throw try sourceIsGone(record, error)
  }

  /// Afterwards `placement` is what the store has.
  private func carryOut(
    _ step: ReconcileStep, _ placement: inout Placement, _ targets: Targets
  ) async throws(ObjectStoreError) {
    let now = context.environment.now()
    let inode = placement.inode.number
    switch step {
    case .upload(let key) where placement.inode.kind == .regular:
      try await upload(&placement, targets, key)
    case .mark(let key)
    where !placement.inode.attributesKnown && placement.inode.object != nil:
      // Nobody has read what the marker says: it moves as it is.
      try await copy(from: placement.inode.object?.key ?? key, to: key, &placement, targets)
    case .upload(let key), .mark(let key):
      let body = BytesSource(Array((placement.inode.target ?? "").utf8))
      let condition = try await conditions.condition(for: placement, at: key)
      let (headers, side) = try await headers(placement.inode, targets.paths[key], at: key)
      let etag = try await context.store.put(
        key, body, headers: headers,
        condition: try await conditions.enforced(condition, at: key, by: .put))
      try commit(StoredObject(key: key, etag: etag, size: body.length), side, &placement)
    case .move(let source, let key):
      try await copy(from: source, to: key, &placement, targets)
    case .rewriteAttributes(let key):
      try await copy(from: key, to: key, &placement, targets)
    case .copy(let source, let key):
      try await copy(from: source, to: key, &placement, targets, asAlias: true)
    case .promote(let key):
      guard let record = try catalog({ try $0.promote(key, of: inode) }) else {
        throw .changedMeanwhile
      }
      context.rebase(inode)
      placement.inode.object = record.object
    case .bury(let key):
      try catalog { try $0.buryAlias(at: key, of: inode, at: now) }
    }
  }

  private func copy(
    from source: ObjectKey, to key: ObjectKey, _ placement: inout Placement, _ targets: Targets,
    asAlias: Bool = false
  ) async throws(ObjectStoreError) {
    let record = placement.inode
    guard let object = record.object else { throw .changedMeanwhile }
    let condition: WriteCondition =
      source == key ? .none : try await conditions.condition(for: placement, at: key)
    let began = context.environment.now()
    if !record.attributesKnown { try catalog { try $0.beginCopying(record.number, to: key) } }
    // What nobody has read yet is not replaced by what we would assume.
    let (headers, side) =
      record.attributesKnown
      ? try await headers(record, targets.paths[key], at: key) : (nil, record.sideKey)
    let etag = try await conditions.copy(
      StoredObject(key: source, etag: object.etag, size: object.size), to: key, headers: headers,
      condition)
    try commit(
      StoredObject(key: key, etag: etag, size: object.size), side, &placement, asAlias: asAlias,
      sourceSeen: began)
  }

  /// The object to copy was deleted or replaced by somebody else.
  func sourceIsGone(
    _ record: InodeRecord, _ error: ObjectStoreError
  ) throws(ObjectStoreError) -> ObjectStoreError {
    guard record.object != nil else { return error }
    guard try conditions.loseObject(of: record) else { return .baseIsGone }
    return ObjectStoreError(.cancelled, code: error.code, message: "The file is uploaded anew")
  }

  private func upload(
    _ placement: inout Placement, _ targets: Targets, _ key: ObjectKey
  ) async throws(ObjectStoreError) {
    let inode = placement.inode.number
    let content = try conditions.mapping {
      try context.registry.acquire(inode, asHandle: false)
    }
    defer { _ = context.registry.release(content, asHandle: false) }
    try conditions.mapping { try content.settle(context.catalog, now: context.environment.now()) }
    let planned = layout(of: content)
    try await fetch(planned?.sentRanges ?? [0..<content.size], of: content)
    if planned?.sentSize ?? content.size == content.size {
      try conditions.mapping { try content.detach(context.catalog, context.disk) }
    }
    let begun = content.state.withLock { $0.mappers > 0 ? nil : $0.lifecycle.beginUpload() }
    guard let snapshot = begun else { throw .changedMeanwhile }
    defer { content.state.withLock { $0.lifecycle.endUpload(committed: nil) } }
    // What is committed is this version and no later one, whatever is written from now on.
    guard let fresh = try catalog({ try $0.inode(inode) }),
      fresh.version == snapshot.version, fresh.size == snapshot.size, layout(of: content) == planned
    else { throw .changedMeanwhile }
    placement.inode = fresh
    let condition = try await conditions.condition(for: placement, at: key)
    let headers = try await headers(fresh, targets.paths[key], at: key).0
    let sent = SentSums(end: fresh.size)
    let job = Uploader.Job(
      record: fresh, content: content, key: key, headers: headers, condition: condition,
      changes: snapshot.changes, layout: planned, sums: sent)
    let uploaded: Uploader.Uploaded
    if let copy = try await copyKnownContent(placement, to: key, headers: headers) {
      uploaded = Uploader.Uploaded(object: copy, metadata: headers.metadata)
    } else {
      uploaded = try await Uploader(context: context, conditions: conditions).upload(job)
    }
    let object = uploaded.object
    let side = SideObject.key(from: uploaded.metadata, context.keySpace)
    placement.inode = conditions.state(of: fresh, in: uploaded.metadata)
    let sums = try conditions.mapping {
      try content.sumsAtCommit(besides: sent.sums, since: snapshot.changes, context.space)
    }
    placement = try content.changing.withLock { _ throws(ObjectStoreError) -> Placement in
      var after = placement
      try commit(object, side, &after, sums: content.sums(committing: fresh.version, sums))
      content.committed(object, fresh.version, sums)
      try? content.label(context.catalog)
      return after
    }
  }

  private func commit(
    _ object: StoredObject, _ side: ObjectKey?, _ placement: inout Placement,
    asAlias: Bool = false, sums: CommittedSums = CommittedSums(), sourceSeen: Timestamp? = nil
  ) throws(ObjectStoreError) {
    let now = context.environment.now()
    let record = placement.inode
    var commit = Commit(
      inode: record.number, object: object, version: record.version,
      attributeVersion: record.attributeVersion, sideKey: side)
    commit.sums = sums
    commit.sourceSeen = sourceSeen
    if asAlias { return try catalog { try $0.commitAlias(commit, at: now) } }
    let after = try catalog { try $0.commit(commit, at: now) }
    placement.commit(object)
    placement.inode.sideKey = after?.sideKey
    // Who has it open fetches from there from now on.
    context.registry.current(record.number)?.state.withLock { $0.object = object }
  }

  // MARK: What and when

  /// The keys that work on an inode reads or writes.
  func keys(of placement: Placement) -> Set<ObjectKey> {
    var keys = Set(placement.aliases.map(\.object.key))
    if let object = placement.inode.object { keys.insert(object.key) }
    keys.insert(SideObject.key(of: placement.inode, context))
    for path in placement.paths where !path.isEmpty {
      keys.insert(key(of: placement.inode, path))
    }
    return keys
  }

  /// The key that a path wants, even if no store took it.
  func key(of record: InodeRecord, _ path: [FileName]) -> ObjectKey {
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
    _ record: InodeRecord, _ path: [FileName]?, at key: ObjectKey
  ) async throws(ObjectStoreError) -> (ObjectHeaders, side: ObjectKey?) {
    guard let (now, extended) = try catalog({ try $0.described(record.number) }),
      now.attributeVersion == record.attributeVersion
    else { throw .changedMeanwhile }
    var attributes = StoredAttributes(
      kind: record.kind, permissions: record.permissions, owner: record.owner,
      modified: record.modified, accessed: record.accessed, changed: record.changed,
      device: record.device, extended: extended)
    let state = conditions.token(of: record)
    var others = CommitMark.metadata(state, at: key, generation: context.catalog.generation)
    if let group = record.linkGroup, record.linkCount > 1 {
      let link = LinkGroup(name: group, count: record.linkCount, state: state)
      others.merge(link.encode()) { $1 }
    }
    let side = try await SideObject.place(&attributes, of: record, besides: others, context)
    let contentType: String? =
      record.kind == .directory
      ? StoredAttributes.directoryContentType : path?.last.map { context.contentTypes.type(of: $0) }
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
}
