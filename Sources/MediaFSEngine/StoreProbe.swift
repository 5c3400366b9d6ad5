package import MediaFSCore
package import ObjectStorage

/// What a store was found to check.
package struct StoreFeatures: Sendable, Hashable {
  /// `If-None-Match: *` on a write.
  package var conditionalCreate: Bool
  /// `If-Match` on a write.
  package var conditionalReplace: Bool
  /// `x-amz-copy-source-if-match`, `If-None-Match: *` and `If-Match` on a copy.
  package var conditionalCopy: Bool
  /// Both at the end of an upload in parts.
  package var conditionalComplete: Bool
  /// `If-Match` on a delete.
  package var conditionalDelete: Bool
  /// The best of the checksums asked for that it verifies; `nil` where it verifies none.
  package var checksum: ChecksumAlgorithm?

  package init(
    conditionalCreate: Bool, conditionalReplace: Bool, conditionalCopy: Bool,
    conditionalComplete: Bool, conditionalDelete: Bool, checksum: ChecksumAlgorithm? = nil
  ) {
    self.checksum = checksum
    self.conditionalCreate = conditionalCreate
    self.conditionalReplace = conditionalReplace
    self.conditionalCopy = conditionalCopy
    self.conditionalComplete = conditionalComplete
    self.conditionalDelete = conditionalDelete
  }
}

/// Finds out what a store does with conditions and checksums, on an object of its own.
///
/// An ignored header looks like success and a store that refuses every condition looks careful, so
/// a feature counts only when what must fail has failed and what must succeed has succeeded.
package struct StoreProbe: Sendable {
  /// The objects that a probe writes. Both are gone afterwards; who dies meanwhile should have
  /// noted them before.
  package struct Keys: Sendable {
    /// It is made of parts too.
    package var object: ObjectKey
    package var copy: ObjectKey
  }

  private let store: any ObjectStore
  private let key: ObjectKey
  private let copy: ObjectKey

  /// - Parameters:
  ///   - keySpace: the objects lie beneath its reserved name, which is never shown.
  ///   - random: from 0 up to 1; names them, so that hosts that probe together do not meet.
  package static func keys(_ keySpace: KeySpace, random: @Sendable () -> Double) -> Keys {
    let number = UInt64(random() * Double(1 << 53))
    let key = ObjectKey(keySpace.reservedPrefix + "probe-" + String(number, radix: 36))
    return Keys(object: key, copy: ObjectKey(key.text + "-copy"))
  }

  package static func run(
    _ store: any ObjectStore, _ keys: Keys
  ) async throws(ObjectStoreError) -> StoreFeatures {
    let (key, copy) = (keys.object, keys.copy)
    let probe = StoreProbe(store: store, key: key, copy: copy)
    let features: StoreFeatures
    do throws(ObjectStoreError) {
      features = try await probe.features()
    } catch {
      // Why the probe failed says more than why tidying up behind it did.
      try? await store.delete(key)
      try? await store.delete(copy)
      throw error
    }
    _ = try await store.delete([key, copy])
    return features
  }

  private func features() async throws(ObjectStoreError) -> StoreFeatures {
    let creates = try await succeeds("first", .absent)
    let first = try await put("second", .none)
    let refusesToCreate = try await !succeeds("third", .absent)
    let second = try await put("fourth", .none)
    let refusesToReplace = try await !succeeds("fifth", .matches(first))
    // An ignored condition has replaced the object meanwhile; a checked one must still match.
    let replaces = try await succeeds("sixth", .matches(second))
    return StoreFeatures(
      conditionalCreate: creates && refusesToCreate,
      conditionalReplace: replaces && refusesToReplace,
      conditionalCopy: try await checksCopies(stale: first),
      conditionalComplete: try await checksCompletions(stale: first),
      conditionalDelete: try await checksDeletes(stale: first),
      checksum: try await verifiedChecksum())
  }

  private func verifiedChecksum() async throws(ObjectStoreError) -> ChecksumAlgorithm? {
    for algorithm in store.checksums {
      if try await store.verifies(algorithm, at: key) { return algorithm }
    }
    return nil
  }

  private func checksDeletes(stale: ETag) async throws(ObjectStoreError) -> Bool {
    let current = try await put("last", .none)
    return try await deletes(stale) ? false : deletes(current)
  }

  private func deletes(_ version: ETag) async throws(ObjectStoreError) -> Bool {
    try await holds { () async throws(ObjectStoreError) in
      try await store.delete(key, ifMatch: version)
    }
  }

  private func checksCopies(stale: ETag) async throws(ObjectStoreError) -> Bool {
    let current = try await store.head(key).etag
    let takesStale = try await copies(stale, .none)
    let copies = try await copies(current, .none)
    guard copies, !takesStale else { return false }
    let target = try await store.head(copy).etag
    for wrong in [WriteCondition.absent, .matches(stale)] {
      if try await self.copies(current, wrong) { return false }
    }
    return try await self.copies(current, .matches(target))
  }

  private func checksCompletions(stale: ETag) async throws(ObjectStoreError) -> Bool {
    let current = try await store.head(key).etag
    let upload = try await store.createUpload(key, headers: ObjectHeaders())
    do throws(ObjectStoreError) {
      let part = try await store.uploadPart(
        key, upload, number: 1, BytesSource(Array("parts".utf8)))
      for wrong in [WriteCondition.absent, .matches(stale)] {
        // It is over then, with what is there replaced.
        if try await completes(upload, part, wrong) { return false }
      }
      if try await completes(upload, part, .matches(current)) { return true }
      try await store.abortUpload(key, upload)
      return false
    } catch {
      try? await store.abortUpload(key, upload)
      throw error
    }
  }

  private func completes(
    _ upload: UploadID, _ part: UploadedPart, _ condition: WriteCondition
  ) async throws(ObjectStoreError) -> Bool {
    try await holds { () async throws(ObjectStoreError) in
      _ = try await store.completeUpload(key, upload, parts: [part], condition: condition)
    }
  }

  private func copies(
    _ version: ETag, _ condition: WriteCondition
  ) async throws(ObjectStoreError) -> Bool {
    try await holds { () async throws(ObjectStoreError) in
      _ = try await store.copy(
        from: key, sourceMatch: version, to: copy, headers: nil, condition: condition)
    }
  }

  private func put(
    _ text: String, _ condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await store.put(
      key, BytesSource(Array(text.utf8)), headers: ObjectHeaders(), condition: condition)
  }

  /// False when the condition did not hold, or the store knows no such condition.
  private func succeeds(
    _ text: String, _ condition: WriteCondition
  ) async throws(ObjectStoreError) -> Bool {
    try await holds { () async throws(ObjectStoreError) in _ = try await put(text, condition) }
  }

  private func holds(
    _ write: () async throws(ObjectStoreError) -> Void
  ) async throws(ObjectStoreError) -> Bool {
    do throws(ObjectStoreError) {
      try await write()
      return true
    } catch {
      switch error.kind {
      case .preconditionFailed, .invalid, .notFound: return false
      case .unavailable where error.code == "NotImplemented": return false
      case .accessDenied, .throttled, .unavailable, .cancelled: throw error
      }
    }
  }
}
