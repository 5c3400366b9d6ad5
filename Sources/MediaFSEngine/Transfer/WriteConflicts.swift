import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// What a step was to do at a key where somebody else was first.
struct WriteConflict: Sendable {
  var placement: Placement
  var step: ReconcileStep
  var key: ObjectKey
  /// The name that the key stands for.
  var path: [FileName]

  var inode: InodeRecord { placement.inode }

  /// The step writes another object than the primary one.
  var isAlias: Bool {
    if case .copy = step { return true }
    return false
  }

  /// Bytes that the store does not have at this key are at stake, not only attributes.
  var isAboutContent: Bool {
    switch step {
    case .upload: inode.kind == .regular || placement.object(at: key) == nil
    case .rewriteAttributes: false
    case .copy:
      !placement.aliases.contains { $0.object.key == key && $0.version == inode.version }
    case .move, .promote, .bury, .mark: true
    }
  }
}

extension WriteConditions {
  /// A condition did not hold: finds out who was there, and makes the next attempt succeed.
  func resolve(_ conflict: WriteConflict) async throws(ObjectStoreError) {
    let (record, key) = (conflict.inode, conflict.key)
    let held = conflict.placement.object(at: key)
    let now = context.environment.now()
    let found: ObjectInfo
    do throws(ObjectStoreError) {
      found = try await context.store.head(key)
    } catch  where error.kind == .notFound {
      return try forget(held != nil, key, of: record, now)
    }
    let object = StoredObject(key: key, etag: found.etag, size: found.size)
    if held?.etag == found.etag {
      // Two of our own requests met, or an upload was forgotten: nobody else was here.
      throw ObjectStoreError(
        .unavailable, code: "Busy", message: "The store was busy with \(key)")
    }
    let text = sentState(found, at: key)
    // Not what was sent there from here: nothing of ours is expected any more that would hide it.
    let expected = try catalog { try $0.tombstone(at: key) }
    if expected.map({ isSent(text, $0) }) != true { try catalog { try $0.unexpect(key) } }
    var isOurs =
      isText(text, token(of: record))
      && (found.size == record.size || record.kind == .directory)
    if !isOurs { isOurs = isSameLink(found, record) }
    if !isOurs { isOurs = try await isUnsignedCopy(found, of: record, at: key) }
    if isOurs, try !agrees(found, conflict) {
      context.log.error("\(key) has other bytes in the store than were sent: sent again")
      try replaceNext(object, conflict, now)
    } else if isOurs {
      let side = SideObject.key(from: found.headers.metadata, context.keySpace)
      try adopt(object, side, conflict, now)
    } else if isOlderState(text, conflict) {
      // A state of ours whose answer was lost: the next attempt replaces it.
      try replaceNext(object, conflict, now)
    } else if try isLeftOver(text, conflict) {
      // Nothing of this inode is in it, so it stays what it is until the next attempt replaces it.
      try catalog { try $0.noteLeftOver(object, at: now) }
    } else if record.kind == .directory {
      // A marker has no content that could be lost: ours wins.
      try catalog { try $0.relocate(record.number, to: object, at: now) }
    } else if conflict.isAboutContent {
      try setAside(conflict, now)
    } else {
      try yield(conflict, now)
    }
  }

  /// False when what was found has the mark of what was sent, and a checksum of other bytes: the
  /// store has damaged it, and may have been told of it before.
  private func agrees(
    _ found: ObjectInfo, _ conflict: WriteConflict
  ) throws(ObjectStoreError) -> Bool {
    guard conflict.inode.kind == .regular, !conflict.isAlias, let stored = found.checksum else {
      return true
    }
    return try mapping {
      let content = try context.registry.acquire(conflict.inode.number, asHandle: false)
      defer { _ = context.registry.release(content, asHandle: false) }
      let own = try content.checksum(stored.algorithm, ofVersion: conflict.inode.version)
      return own == nil || own == stored
    }
  }

  /// Whether what was found is the same state of an inode with several names, whoever has put it
  /// there: another host that has moved a name to the same place.
  private func isSameLink(_ found: ObjectInfo, _ record: InodeRecord) -> Bool {
    guard let state = record.linkState, !record.isContentDirty, !record.isAttributeDirty else {
      return false
    }
    return found.size == record.size && isText(found.headers.metadata[CommitMark.state], state)
  }

  /// Whether what was found at a key is the copy that we asked for and whose answer was lost. What
  /// nobody has read yet is copied as it is, so the object itself cannot tell.
  private func isUnsignedCopy(
    _ found: ObjectInfo, of record: InodeRecord, at key: ObjectKey
  ) async throws(ObjectStoreError) -> Bool {
    guard let object = record.object, object.key != key, !record.attributesKnown,
      try catalog({ try $0.isCopying(record.number, to: key) })
    else { return false }
    let source = try await context.store.head(object.key)
    return source.etag == object.etag && found.size == source.size
      && found.headers.metadata == source.headers.metadata
      && found.headers.contentType == source.headers.contentType
  }

  /// Nothing will be written at a key for now. What is there is somebody else's and to be seen,
  /// unless it is what an earlier attempt has sent.
  func giveUp(_ key: ObjectKey) async throws(ObjectStoreError) {
    guard let expected = try catalog({ try $0.tombstone(at: key) }), !expected.sent.isEmpty else {
      return
    }
    var text: String?
    do throws(ObjectStoreError) {
      text = sentState(try await context.store.head(key), at: key)
    } catch  where error.kind == .notFound {}
    if !isSent(text, expected) { try catalog { try $0.unexpect(key) } }
  }

  /// Whether what is at a key that nothing here refers to is nothing that was sent there from here:
  /// it is to be seen then. Otherwise it is deleted in its time.
  func isOthers(_ key: ObjectKey) async throws(ObjectStoreError) -> Bool {
    guard let expected = try catalog({ try $0.tombstone(at: key) }), !expected.sent.isEmpty else {
      return true
    }
    let found: ObjectInfo
    do throws(ObjectStoreError) {
      found = try await context.store.head(key)
    } catch  where error.kind == .notFound {
      try catalog { try $0.unexpect(key) }
      return true
    }
    guard isSent(sentState(found, at: key), expected) else {
      try catalog { try $0.unexpect(key) }
      return true
    }
    let object = StoredObject(key: key, etag: found.etag, size: found.size)
    let now = context.environment.now()
    try catalog { try $0.noteLeftOver(object, at: now) }
    return false
  }

  private func isText(_ text: String?, _ other: String) -> Bool {
    text?.utf8.elementsEqual(other.utf8) ?? false
  }

  /// Whether an object holds what we have sent, and have changed since.
  private func isOlderState(_ text: String?, _ conflict: WriteConflict) -> Bool {
    let generation = context.catalog.generation
    let known = conflict.placement.token(at: conflict.key, generation: generation)
    if known == nil, let state = conflict.inode.linkState, isText(text, state) { return true }
    let current = CommitToken(conflict.inode, generation: generation)
    return text.flatMap { CommitToken($0) }?.isUnconfirmed(by: known, current) ?? false
  }

  /// Whether an object is of another inode whose name this was and that was deleted or renamed
  /// before the store's answer was known: nothing refers to it.
  private func isLeftOver(
    _ text: String?, _ conflict: WriteConflict
  ) throws(ObjectStoreError) -> Bool {
    guard conflict.placement.object(at: conflict.key) == nil,
      let tombstone = try catalog({ try $0.tombstone(at: conflict.key) }),
      isSent(text, tombstone)
    else { return false }
    let number = conflict.inode.number
    return try catalog { try $0.occupant(of: conflict.key, besides: number) } == nil
  }

  /// The state that was sent to a key from here, if what was found there is that.
  func sentState(_ found: ObjectInfo, at key: ObjectKey) -> String? {
    CommitMark.sent(found.headers.metadata, at: key, generation: context.catalog.generation)
  }

  /// Whether an object is of an inode that is known to have sent something there.
  ///
  /// - Parameter text: what was sent from here. A state of several names goes on being called what
  ///   another host has called it.
  func isSent(_ text: String?, _ tombstone: Tombstone) -> Bool {
    guard let token = text.flatMap({ CommitToken($0) }), !tombstone.sent.isEmpty else {
      return false
    }
    let generation = context.catalog.generation
    return !token.isOurs(generation) || token.isState(of: tombstone.sent, generation)
  }

  /// Deleted by somebody else; what is here is newer and goes up anew.
  private func forget(
    _ isHeld: Bool, _ key: ObjectKey, of record: InodeRecord, _ now: Timestamp
  ) throws(ObjectStoreError) {
    if isHeld, try !catalog({ try $0.forgetObject(at: key, of: record.number, at: now) }) {
      throw .baseIsGone
    }
    context.rebase(record.number)
    try catalog { catalog in
      if let buried = try catalog.tombstone(at: key) {
        try catalog.deleted([buried], replaced: [key], at: now)
      }
    }
  }

  private func commit(
    _ object: StoredObject, _ side: ObjectKey?, of record: InodeRecord
  ) -> Commit {
    Commit(
      inode: record.number, object: object, version: record.version,
      attributeVersion: record.attributeVersion, sideKey: side)
  }

  /// It is what was sent; only the answer was lost.
  private func adopt(
    _ object: StoredObject, _ side: ObjectKey?, _ conflict: WriteConflict, _ now: Timestamp
  ) throws(ObjectStoreError) {
    let record = conflict.inode
    var commit = commit(object, side, of: record)
    if conflict.isAlias { return try catalog { try $0.commitAlias(commit, at: now) } }
    guard record.kind == .regular else {
      return try catalog { _ = try $0.commit(commit, at: now) }
    }
    let content = try mapping { try context.registry.acquire(record.number, asHandle: false) }
    defer { _ = context.registry.release(content, asHandle: false) }
    let changes = content.state.withLock { $0.lifecycle.changes }
    let sums = try mapping { try content.sumsAtCommit(since: changes, context.space) }
    // What is written from now on differs from this object, and the catalog has to hear of it.
    try content.changing.withLock { _ throws(ObjectStoreError) in
      commit.sums = content.sums(committing: record.version, sums)
      try catalog { _ = try $0.commit(commit, at: now) }
      content.committed(object, record.version, sums)
      try? content.label(context.catalog)
    }
  }

  private func replaceNext(
    _ object: StoredObject, _ conflict: WriteConflict, _ now: Timestamp
  ) throws(ObjectStoreError) {
    var commit = commit(object, nil, of: conflict.inode)
    commit.version = Commit.unknownVersion
    try catalog { catalog in
      if conflict.isAlias {
        try catalog.commitAlias(commit, at: now)
      } else {
        try catalog.relocate(conflict.inode.number, to: object, at: now)
      }
    }
    guard !conflict.isAlias else { return }
    // Who has the file open fetches from there from now on.
    context.registry.current(conflict.inode.number)?.state.withLock { $0.object = object }
  }

  private func place(
    _ conflict: WriteConflict
  ) throws(ObjectStoreError) -> (FileName, InodeNumber)? {
    guard let name = conflict.path.last,
      let parent = try catalog({ try $0.resolve(Array(conflict.path.dropLast())) })
    else { return nil }
    return (name, parent)
  }

  private func yield(
    _ conflict: WriteConflict, _ now: Timestamp
  ) throws(ObjectStoreError) {
    guard let (name, parent) = try place(conflict) else { return }
    let number = conflict.inode.number
    let entry = EntryName(name: name, parent: parent)
    let isGone = try context.untold.change(telling: { $0 ? [entry] : [] }) {
      () throws(ObjectStoreError) in
      try catalog {
        try $0.yieldAttributes(number, name, in: parent, to: conflict.key, at: now)
      }
    }
    guard isGone else { return }
    context.rebase(number)
    context.forget(entry)
  }

  private func setAside(
    _ conflict: WriteConflict, _ now: Timestamp
  ) throws(ObjectStoreError) {
    guard let (name, parent) = try place(conflict) else { return }
    let number = conflict.inode.number
    for counter in 0..<100 {
      guard
        let other = ConflictName.make(
          for: name, host: context.options.host, time: now, counter: counter),
        try catalog({ try $0.child(other, of: parent) }) == nil
      else { continue }
      let entries = [name, other].map { EntryName(name: $0, parent: parent) }
      try context.untold.change(telling: { entries }) { () throws(ObjectStoreError) in
        try catalog {
          try $0.setAside(number, name, in: parent, as: other, from: conflict.key, at: now)
        }
      }
      context.rebase(number)
      context.statistics.conflicts.add(1)
      context.log.warning("\(name) was changed by somebody else: ours is \(other) now")
      for entry in entries { context.forget(entry) }
      return
    }
  }
}

extension ObjectStoreError {
  /// What is not here of a file can be had nowhere: somebody has to say what becomes of the rest.
  static let baseIsGone = ObjectStoreError(
    .invalid, code: "BaseIsGone",
    message: "Somebody else has replaced or deleted the object that this file was changed from, "
      + "and not all of it is cached here: write what is missing, or remove the file")
}
