import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import SystemPackage

/// A delete might hit what somebody else has put there since the object was last seen: it is asked
/// for again, and stays. No store takes a condition for every kind of delete.
extension WriteConditions {
  /// How long an object that was seen is taken for unchanged: as long as a request may take.
  private static let deleteTrust: Duration = .seconds(10)
  /// Keys that are looked at before one delete: it follows the first look within about a second at
  /// 100 ms a request. With more, somebody else's object may come in between.
  private static let checkedBatch = 50
  /// Keys looked at at once. More take connections from those who read.
  private static let parallelChecks = 8

  /// What became of tombstones before their objects are deleted.
  struct DeleteVerdict: Sendable {
    /// Still to be deleted.
    var meant: [Tombstone] = []
    /// Deleted by now, because they were what was meant.
    var deleted: [Tombstone] = []
    /// What could not be asked.
    var failures: [ObjectKey: ObjectStoreError] = [:]
  }

  private enum Outcome: Sendable {
    case isMeant, isDeleted
    /// Nothing is there, or something of somebody else's.
    case isNot
  }

  /// What is deleted in one request: what needs no look together, the others few at a time.
  func deleteBatches(
    _ tombstones: [Tombstone]
  ) async throws(ObjectStoreError) -> [[Tombstone]] {
    let (sure, doubtful) = divided(tombstones, try await storeFeatures())
    let checked = stride(from: 0, to: doubtful.count, by: Self.checkedBatch).map {
      Array(doubtful.dropFirst($0).prefix(Self.checkedBatch))
    }
    return sure.isEmpty ? checked : [sure] + checked
  }

  /// At the keys of the doubtful ones something else may be by now. Nothing needs to be trusted
  /// where the store itself looks before it deletes.
  private func divided(
    _ tombstones: [Tombstone], _ features: StoreFeatures
  ) -> (sure: [Tombstone], doubtful: [Tombstone]) {
    let limit = context.environment.now().advanced(by: .zero - Self.deleteTrust)
    var (sure, doubtful): ([Tombstone], [Tombstone]) = ([], [])
    for tombstone in tombstones {
      let isFresh =
        tombstone.etag == nil || !features.conditionalDelete && tombstone.seen >= limit
      if isFresh && tombstone.sent.isEmpty || context.keySpace.isReserved(tombstone.key) {
        sure.append(tombstone)
      } else {
        doubtful.append(tombstone)
      }
    }
    return (sure, doubtful)
  }

  /// Looks at those of one batch for which that is in doubt, just now.
  func verdict(
    on tombstones: [Tombstone]
  ) async throws(ObjectStoreError) -> DeleteVerdict {
    let features = try await storeFeatures()
    let (sure, doubtful) = divided(tombstones, features)
    var verdict = DeleteVerdict(meant: sure)
    await withTaskGroup(of: (Tombstone, Result<Outcome, ObjectStoreError>).self) { group in
      var rest = doubtful[...]
      for tombstone in rest.prefix(Self.parallelChecks) {
        group.addTask { await self.check(tombstone, features) }
      }
      rest = rest.dropFirst(Self.parallelChecks)
      while let (tombstone, outcome) = await group.next() {
        switch outcome {
        case .success(.isMeant): verdict.meant.append(tombstone)
        case .success(.isDeleted): verdict.deleted.append(tombstone)
        case .success(.isNot): break
        case .failure(let error):
          verdict.failures[tombstone.key] = error
          if error.isTransient {
            // The store would be asked for the others in vain.
            for other in rest { verdict.failures[other.key] = error }
            rest = []
          }
        }
        if let next = rest.popFirst() { group.addTask { await self.check(next, features) } }
      }
    }
    return verdict
  }

  private func check(
    _ tombstone: Tombstone, _ features: StoreFeatures
  ) async -> (Tombstone, Result<Outcome, ObjectStoreError>) {
    do throws(ObjectStoreError) {
      let outcome =
        features.conditionalDelete
        ? try await delete(tombstone) : try await isOurs(tombstone) ? .isMeant : .isNot
      return (tombstone, .success(outcome))
    } catch {
      return (tombstone, .failure(error))
    }
  }

  /// Deletes what was meant, or something else that we have written, and nothing that comes in
  /// between.
  private func delete(_ tombstone: Tombstone) async throws(ObjectStoreError) -> Outcome {
    do throws(ObjectStoreError) {
      if let etag = tombstone.etag {
        do throws(ObjectStoreError) {
          try await context.store.delete(tombstone.key, ifMatch: etag)
          return .isDeleted
        } catch  where error.kind == .preconditionFailed {
          if tombstone.sent.isEmpty { return .isNot }
        }
      }
      let found = try await context.store.head(tombstone.key)
      guard isSent(sentState(found, at: tombstone.key), tombstone) else { return .isNot }
      try await context.store.delete(tombstone.key, ifMatch: found.etag)
      return .isDeleted
    } catch {
      if error.kind == .notFound || error.kind == .preconditionFailed { return .isNot }
      throw error
    }
  }

  /// Whether what is there now is what was deleted, or something else that we have written.
  private func isOurs(_ tombstone: Tombstone) async throws(ObjectStoreError) -> Bool {
    do throws(ObjectStoreError) {
      let found = try await context.store.head(tombstone.key)
      if found.etag == tombstone.etag { return true }
      return isSent(sentState(found, at: tombstone.key), tombstone)
    } catch {
      if error.kind == .notFound { return false }
      throw error
    }
  }
}
