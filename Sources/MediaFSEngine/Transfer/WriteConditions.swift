import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// What must hold of a key before it is written, and what to do when it does not: nothing that
/// somebody else wrote is overwritten unseen.
final class WriteConditions: Sendable {
  let context: VolumeContext
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

  /// What the metadata of the objects that hold this state calls it. What another host has called
  /// it stays, so that those objects of the inode that are not known here go on being its.
  func token(of record: InodeRecord) -> String {
    if let state = record.linkState, !record.isContentDirty, !record.isAttributeDirty {
      return state
    }
    return CommitToken(record, generation: context.catalog.generation).text
  }

  /// The record with the attributes that are in the store with it: an upload that was resumed has
  /// those of its beginning.
  func state(of record: InodeRecord, in metadata: [String: String]) -> InodeRecord {
    let own = CommitToken(record, generation: context.catalog.generation)
    var sent = record
    if let token = metadata[CommitMark.state].flatMap({ CommitToken($0) }) {
      // One that was begun while the file was being written may have those of an earlier content.
      let limit = token.isState(of: own) ? record.attributeVersion : record.attributeVersion - 1
      sent.attributeVersion = min(token.attributeVersion, limit)
    }
    return sent
  }

  /// What must hold for writing an inode at `key`, whether or not the store checks it. Whoever of
  /// us still has an object there is moved out of the way first.
  func condition(
    for placement: Placement, at key: ObjectKey
  ) async throws(ObjectStoreError) -> WriteCondition {
    // Before anything is sent: which checksums the store takes is known by then, too.
    _ = try await storeFeatures()
    let expected: ETag?
    if let object = placement.object(at: key) {
      expected = object.etag
    } else {
      let number = placement.inode.number
      if let other = try catalog({ try $0.occupant(of: key, besides: number) }) {
        try await evacuate(other)
      }
      let now = context.environment.now()
      try catalog { try $0.vacate(key, for: number, at: now) }
      expected = try catalog { try $0.tombstone(at: key)?.etag }
    }
    return expected.map { .matches($0) } ?? .absent
  }

  /// How a key is written.
  enum Write: Sendable {
    /// In one piece (S3 PutObject).
    case put
    /// By the end of an upload in parts (S3 CompleteMultipartUpload).
    case completion
    case copy
  }

  private func isChecked(
    _ condition: WriteCondition, by write: Write
  ) async throws(ObjectStoreError) -> Bool {
    let features = try await storeFeatures()
    switch (write, condition) {
    case (_, .none): return true
    case (.put, .absent): return features.conditionalCreate
    case (.put, .matches): return features.conditionalReplace
    case (.completion, _): return features.conditionalComplete
    case (.copy, _): return features.conditionalCopy
    }
  }

  /// The condition that is sent with a write, just before it. Where the store cannot check it we
  /// look ourselves: that leaves a window, but a short one.
  func enforced(
    _ condition: WriteCondition, at key: ObjectKey, by write: Write
  ) async throws(ObjectStoreError) -> WriteCondition {
    if try await isChecked(condition, by: write) { return condition }
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

  /// Has the store copy an object of ours to a key. A store that does not check the condition of a
  /// copy may check that of an upload, which is made of a copied part then.
  ///
  /// - Parameter headers: `nil` keeps those of the source.
  func copy(
    _ source: StoredObject, to key: ObjectKey, headers: ObjectHeaders?, _ condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    let isChecked = try await isChecked(condition, by: .copy)
    // Of an empty object no part can be copied: it is put.
    let other: Write = source.size > 0 ? .completion : .put
    if !isChecked, try await self.isChecked(condition, by: other),
      let etag = try await context.copyInParts(source, to: key, headers: headers, condition)
    {
      return etag
    }
    try await checkSource(source.etag, at: source.key)
    return try await context.copy(
      source, to: key, headers: headers,
      condition: try await enforced(condition, at: key, by: .copy))
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

  /// Whether the primary object of an inode is the version that is known.
  ///
  /// - Throws: `Changed` when it is a later one that was sent from here, and is known from now on:
  ///   the next attempt goes on from there.
  func isKnown(
    _ object: StoredObject, of inode: InodeNumber
  ) async throws(ObjectStoreError) -> Bool {
    let found: ObjectInfo
    do throws(ObjectStoreError) {
      found = try await context.store.head(object.key)
    } catch {
      if error.kind == .notFound { return false }
      throw error
    }
    if found.etag == object.etag { return true }
    let current = StoredObject(key: object.key, etag: found.etag, size: found.size)
    let now = context.environment.now()
    guard let token = CommitToken(found, at: object.key, generation: context.catalog.generation)
    else { return false }
    let isTaken = try mapping {
      // Nothing else has a content, and one that cannot be opened is none to be cut.
      guard try context.catalog.inode(inode)?.kind == .regular,
        let content = try? context.registry.acquire(inode, asHandle: false)
      else {
        return try context.catalog.recognise(current, token, insteadOf: object, of: inode, at: now)
      }
      defer { _ = context.registry.release(content, asHandle: false) }
      let (isTaken, isCut) = try content.recognise(
        current, token, insteadOf: object, context.catalog, context.space, now: now)
      if isCut { context.invalidate(inode) }
      return isTaken
    }
    guard isTaken else { return false }
    context.rebase(inode)
    throw .changedMeanwhile
  }

  private func holds(_ etag: ETag?, at key: ObjectKey) async throws(ObjectStoreError) -> Bool {
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
      context.store.use(found.checksum)
      return found
    }
  }

  /// Other checksums than before are other questions to the same endpoint.
  private var featuresName: String {
    let wanted = context.store.checksums.map(\.rawValue).joined(separator: ",")
    return "store features \(context.options.endpoint) \(wanted)"
  }

  private func findFeatures() async throws(ObjectStoreError) -> StoreFeatures {
    let probed: StoreFeatures
    if let noted = try catalog({ try $0.note(featuresName) }).flatMap(
      StoreFeatures.init(noted:))
    {
      probed = noted
    } else {
      probed = try await probe()
      try catalog { try $0.note(featuresName, probed.noted) }
      if !probed.conditionalReplace || !probed.conditionalCreate {
        context.log.notice(
          "The store does not check all conditions of writes: looked up before each write",
          metadata: [
            "If-None-Match": "\(probed.conditionalCreate)",
            "If-Match": "\(probed.conditionalReplace)",
          ])
      }
      tellOfChecksums(probed.checksum)
    }
    return probed
  }

  private func probe() async throws(ObjectStoreError) -> StoreFeatures {
    let keys = StoreProbe.keys(context.keySpace, random: context.environment.random)
    for key in [keys.object, keys.copy] { try expectTemporary(key) }
    return try await context.makingParts(at: keys.object) { () async throws(ObjectStoreError) in
      try await StoreProbe.run(context.store, keys)
    }
  }

  private func tellOfChecksums(_ found: ChecksumAlgorithm?) {
    let wanted = context.store.checksums
    guard found == nil, let first = wanted.first else { return }
    // One alone was asked for by name.
    if wanted.count == 1 {
      context.log.warning(
        "The store does not verify the checksum \(first.rawValue): bytes are sent with their MD5",
        metadata: ["cure": "set s3.checksum to auto or md5"])
    } else {
      context.log.notice("The store verifies no CRC: bytes are sent with their MD5")
    }
  }

  // MARK: What nobody may confirm

  /// What is about to be written for a while is deleted later, should nobody be left to do it.
  func expectTemporary(_ key: ObjectKey) throws(ObjectStoreError) {
    let now = context.environment.now()
    try catalog { try $0.expect(key, until: now.advanced(by: Self.temporaryLife), at: now) }
  }

  /// Longer than any request takes that writes a temporary object.
  private static let temporaryLife: Duration = .seconds(3_600)

  /// To be called before anything is written at a key: the answer may get lost, and the inode be
  /// deleted or renamed before the next attempt. What may lie there is known by then, since what is
  /// expected is in no listing.
  func expect(_ placement: Placement, at key: ObjectKey) async throws(ObjectStoreError) {
    if placement.object(at: key) == nil { try await expansion.settle(key) }
    let now = context.environment.now()
    // Without leave to delete, it is kept out of listings only.
    let isOccupied = placement.object(at: key) != nil || context.options.neverDeletes
    let due = isOccupied ? nil : now.advanced(by: Self.unconfirmedLife)
    try catalog { try $0.expect(key, of: placement.inode.number, until: due, at: now) }
  }

  /// Longer than the longest pause between two attempts, the second of which would recognise what
  /// the first one wrote.
  private static let unconfirmedLife: Duration = .seconds(600)

  // MARK: Errors

  func catalog<Answer>(
    _ question: (Catalog) throws -> Answer
  ) throws(ObjectStoreError) -> Answer {
    try context.asked(question)
  }

  /// A failure of this machine, as a failure of the upload: tried again. What the store has
  /// answered stays what it is.
  func mapping<Answer>(
    _ body: () throws -> Answer
  ) throws(ObjectStoreError) -> Answer {
    do { return try body() } catch { throw Self.cause(of: error) }
  }

  func mapping<Answer>(
    _ body: () async throws -> Answer
  ) async throws(ObjectStoreError) -> Answer {
    do { return try await body() } catch { throw Self.cause(of: error) }
  }

  private static func cause(of error: any Error) -> ObjectStoreError {
    let answer = (error as? FileSystemError)?.underlying as? ObjectStoreError
    if let answer, !answer.isLocal { return answer }
    return ObjectStoreError(
      .unavailable, code: ObjectStoreError.LocalCode.content, message: "\(error)")
  }
}

extension ObjectStoreError {
  static let changedMeanwhile = ObjectStoreError(
    .cancelled, code: LocalCode.changed, message: "The file changed before it was uploaded")

  fileprivate static let probeInterrupted = ObjectStoreError(
    .cancelled, code: "Cancelled", message: "The upload was stopped")
}

extension StoreFeatures {
  fileprivate var noted: String {
    let conditions = [
      conditionalCreate, conditionalReplace, conditionalCopy, conditionalComplete,
      conditionalDelete,
    ]
    return (conditions.map { "\($0)" } + [checksum?.rawValue ?? Self.noChecksum])
      .joined(separator: " ")
  }

  fileprivate init?(noted: String) {
    let texts = noted.split(separator: " ").map(String.init)
    let words = texts.dropLast().compactMap { Bool($0) }
    guard texts.count == 6, words.count == 5, let last = texts.last else { return nil }
    let checksum = ChecksumAlgorithm(rawValue: last)
    guard checksum != nil || last == Self.noChecksum else { return nil }
    self.init(
      conditionalCreate: words[0], conditionalReplace: words[1], conditionalCopy: words[2],
      conditionalComplete: words[3], conditionalDelete: words[4], checksum: checksum)
  }

  private static let noChecksum = "none"
}
