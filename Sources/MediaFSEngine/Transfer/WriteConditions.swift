import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// What must hold of a key before it is written, and what to do when it does not: nothing that
/// somebody else wrote is overwritten unseen.
final class WriteConditions: Sendable {
  /// Metadata that tells our own commits apart from everybody else's: after a crash between the
  /// store's answer and its record here, the object is recognised as the one that was sent.
  static let commitName = "mediafs-commit"

  private let context: VolumeContext
  private let expansion: TreeExpansion
  private let features = Mutex(Features())

  private struct Features {
    var known: StoreFeatures?
    var probing: Deferred<Void>?

    /// What is known, or whose probe to wait for, or the probe that the caller is to make.
    mutating func claim() -> (StoreFeatures?, others: Deferred<Void>?, own: Deferred<Void>?) {
      if known != nil || probing != nil { return (known, probing, nil) }
      let own = Deferred<Void>()
      probing = own
      return (nil, nil, own)
    }
  }

  init(_ context: VolumeContext, _ expansion: TreeExpansion) {
    self.context = context
    self.expansion = expansion
  }

  func token(of record: InodeRecord) -> String {
    CommitToken(record, generation: context.catalog.generation).text
  }

  /// The condition for writing `record` at `key`. Whoever of us still has an object there is moved
  /// out of the way first.
  func condition(
    for record: InodeRecord, at key: ObjectKey, isCopy: Bool = false
  ) async throws(ObjectStoreError) -> WriteCondition {
    let expected: ETag?
    if let object = record.object, object.key == key {
      expected = object.etag
    } else {
      try await expansion.settle(key)
      if let other = try catalog({ try $0.occupant(of: key, besides: record.number) }) {
        try await evacuate(other)
      }
      expected = try catalog { try $0.tombstone(at: key)?.etag }
    }
    return try await enforceable(
      expected.map { .matches($0) } ?? .absent, at: key, isCopy: isCopy)
  }

  /// Where the store cannot check the condition we look before we write: that leaves a window, but
  /// a short one.
  private func enforceable(
    _ condition: WriteCondition, at key: ObjectKey, isCopy: Bool
  ) async throws(ObjectStoreError) -> WriteCondition {
    let features = try await storeFeatures()
    let isChecked =
      switch condition {
      case .none: true
      case .absent: features.conditionalCreate
      case .matches: features.conditionalReplace
      }
    if isChecked, !isCopy || features.conditionalCopy { return condition }
    let found = try await version(at: key)
    let holds =
      switch condition {
      case .none: true
      case .absent: found == nil
      case .matches(let etag): found == etag
      }
    guard holds else {
      throw ObjectStoreError(
        .preconditionFailed, code: "PreconditionFailed", message: "\(key) is another version")
    }
    return .none
  }

  /// The version that is at a key now; `nil` when there is no object.
  private func version(at key: ObjectKey) async throws(ObjectStoreError) -> ETag? {
    do throws(ObjectStoreError) {
      return try await context.store.head(key).etag
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
  }

  func holds(_ etag: ETag?, at key: ObjectKey) async throws(ObjectStoreError) -> Bool {
    try await version(at: key) == etag
  }

  /// The source of a copy must still be the version whose bytes are known here; a store that does
  /// not look itself is asked before.
  func checkSource(_ etag: ETag?, at key: ObjectKey) async throws(ObjectStoreError) {
    if try await storeFeatures().conditionalCopy { return }
    guard try await holds(etag, at: key) else {
      throw ObjectStoreError(
        .preconditionFailed, code: "PreconditionFailed", message: "\(key) is another version")
    }
  }

  /// What the store checks: asked once for each endpoint, and remembered.
  func storeFeatures() async throws(ObjectStoreError) -> StoreFeatures {
    while true {
      let (known, others, own) = features.withLock { $0.claim() }
      if let known { return known }
      guard let own else {
        // Whatever comes of their probe: looks again.
        _ = try? await others?.wait(
          "probe", for: context.options.networkDeadline, context.environment)
        if Task.isCancelled { throw .probeInterrupted }
        continue
      }
      defer {
        features.withLock { $0.probing = nil }
        own.resolve(.success(()))
      }
      let found = try await findFeatures()
      features.withLock { $0.known = found }
      return found
    }
  }

  private func findFeatures() async throws(ObjectStoreError) -> StoreFeatures {
    let name = "store features \(context.options.endpoint)"
    let probed: StoreFeatures
    if let noted = try catalog({ try $0.note(name) }).flatMap({ StoreFeatures(noted: $0) }) {
      probed = noted
    } else {
      probed = try await StoreProbe.run(
        context.store, keySpace: context.keySpace, random: context.environment.random)
      try catalog { try $0.note(name, probed.noted) }
      if !probed.conditionalReplace || !probed.conditionalCreate {
        context.log.notice(
          "The store does not check all conditions of writes: looked up before each write",
          metadata: [
            "If-None-Match": "\(probed.conditionalCreate)",
            "If-Match": "\(probed.conditionalReplace)",
          ])
      }
    }
    return probed
  }

  /// Deletes that have waited for a while might hit what somebody else has put there since: those
  /// are asked for again, and stay. No store takes a condition for every kind of delete.
  func stillMeant(
    _ tombstones: [Tombstone], failures: inout [ObjectKey: ObjectStoreError]
  ) async -> [Tombstone] {
    let limit = context.environment.now().advanced(by: .zero - Self.deleteTrust)
    var meant: [Tombstone] = []
    for tombstone in tombstones {
      guard tombstone.since < limit, let etag = tombstone.etag else {
        meant.append(tombstone)
        continue
      }
      do throws(ObjectStoreError) {
        if try await holds(etag, at: tombstone.key) { meant.append(tombstone) }
      } catch {
        failures[tombstone.key] = error
      }
    }
    return meant
  }

  /// How long a deleted object is taken for unchanged: as long as a request may take.
  private static let deleteTrust: Duration = .seconds(10)

  /// Two files that changed places: the one that has not moved yet makes room.
  private func evacuate(_ other: InodeRecord) async throws(ObjectStoreError) {
    guard let object = other.object else { return }
    let number = UInt64(context.environment.random() * Double(1 << 53))
    let shelter = ObjectKey(
      context.keySpace.reservedPrefix + "moving-\(other.number)-" + String(number, radix: 36))
    let etag = try await context.store.copy(
      from: object.key, sourceMatch: object.etag, to: shelter, headers: nil, condition: .none)
    let now = context.environment.now()
    let moved = StoredObject(key: shelter, etag: etag, size: object.size)
    try catalog { try $0.relocate(other.number, to: moved, at: now) }
    context.registry.current(other.number)?.state.withLock { $0.object = moved }
  }

  /// A condition did not hold: finds out who was there, and makes the next attempt succeed.
  func resolve(
    _ record: InodeRecord, _ path: [FileName], _ key: ObjectKey, step: ReconcileStep
  ) async throws(ObjectStoreError) {
    let found: ObjectInfo
    do throws(ObjectStoreError) {
      found = try await context.store.head(key)
    } catch  where error.kind == .notFound {
      // Deleted by somebody else; what is here is newer and goes up anew.
      if record.object?.key == key { try catalog { try $0.forgetObject(record.number) } }
      let now = context.environment.now()
      try catalog { catalog in
        if let buried = try catalog.tombstone(at: key) {
          try catalog.deleted([buried], replaced: [key], at: now)
        }
      }
      return
    }
    let now = context.environment.now()
    let object = StoredObject(key: key, etag: found.etag, size: found.size)
    if record.object?.key == key, record.object?.etag == found.etag {
      // Two of our own requests met, or an upload was forgotten: nobody else was here.
      throw ObjectStoreError(
        .unavailable, code: "Busy", message: "The store was busy with \(key)")
    }
    let token = found.headers.metadata[Self.commitName].flatMap { CommitToken($0) }
    let own = CommitToken(record, generation: context.catalog.generation)
    var isOurs = token == own && (found.size == record.size || record.kind == .directory)
    if !isOurs { isOurs = try await isUnsignedCopy(found, of: record, at: key) }
    if isOurs {
      let commit = Commit(
        inode: record.number, object: object, version: record.version,
        attributeVersion: record.attributeVersion,
        sideKey: SideObject.key(from: found.headers.metadata, context.keySpace))
      _ = try catalog { try $0.commit(commit, at: now) }
      adopt(object, of: record, committed: record.version)
    } else if let token, token.isUnconfirmed(by: record, own) {
      // An older state of ours, whose answer was lost: the next attempt replaces it.
      try catalog { try $0.relocate(record.number, to: object, at: now) }
      adopt(object, of: record, committed: nil)
    } else if step == .upload, record.kind == .regular {
      try setAside(record, path, key, now)
    } else if record.kind == .directory {
      // A marker has no content that could be lost: ours wins.
      try catalog { try $0.relocate(record.number, to: object, at: now) }
    } else if record.object?.key == key {
      try catalog { try $0.yieldAttributes(record.number) }
    } else {
      try setAside(record, path, key, now)
    }
  }

  /// Who has the file open fetches from there from now on.
  private func adopt(_ object: StoredObject, of record: InodeRecord, committed: Int64?) {
    guard let content = context.registry.current(record.number) else { return }
    content.changing.withLock { _ in
      content.state.withLock { state in
        state.object = object
        if let committed { state.lifecycle.endUpload(committed: committed) }
      }
    }
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

  private func setAside(
    _ record: InodeRecord, _ path: [FileName], _ key: ObjectKey, _ now: Timestamp
  ) throws(ObjectStoreError) {
    guard let name = path.last else { return }
    let parent = try catalog { try $0.parent(of: record.number) }
    for counter in 0..<100 {
      guard
        let other = ConflictName.make(
          for: name, host: context.options.host, time: now, counter: counter),
        try catalog({ try $0.child(other, of: parent) }) == nil
      else { continue }
      try catalog { try $0.setAside(record.number, as: other, from: key, at: now) }
      context.statistics.conflicts.add(1)
      context.log.warning("\(name) was changed by somebody else: ours is \(other) now")
      context.forget(name, in: parent)
      return
    }
  }

  // MARK: Errors

  private func catalog<Answer>(
    _ question: (Catalog) throws -> Answer
  ) throws(ObjectStoreError) -> Answer {
    try context.asked(question)
  }

  /// A failure of this machine, as a failure of the upload: tried again.
  func mapping<Answer>(
    _ body: () throws -> Answer
  ) throws(ObjectStoreError) -> Answer {
    do { return try body() } catch { throw Self.local(error) }
  }

  func mapping<Answer>(
    _ body: () async throws -> Answer
  ) async throws(ObjectStoreError) -> Answer {
    do { return try await body() } catch { throw Self.local(error) }
  }

  private static func local(_ error: any Error) -> ObjectStoreError {
    ObjectStoreError(.unavailable, code: "Local", message: "\(error)")
  }
}

extension ObjectStoreError {
  fileprivate static let probeInterrupted = ObjectStoreError(
    .cancelled, code: "Cancelled", message: "The upload was stopped")
}

extension StoreFeatures {
  fileprivate var noted: String { "\(conditionalCreate) \(conditionalReplace) \(conditionalCopy)" }

  fileprivate init?(noted: String) {
    let words = noted.split(separator: " ").map { Bool(String($0)) }
    guard words.count == 3, let create = words[0], let replace = words[1], let copy = words[2]
    else { return nil }
    self.init(conditionalCreate: create, conditionalReplace: replace, conditionalCopy: copy)
  }
}
