import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import SystemPackage

/// Deletes that have waited for a while might hit what somebody else has put there since: those are
/// asked for again, and stay. No store takes a condition for every kind of delete.
extension WriteConditions {
  /// How long a deleted object is taken for unchanged: as long as a request may take.
  private static let deleteTrust: Duration = .seconds(10)
  /// Keys that are looked at before one delete: it follows the first look within about a second at
  /// 100 ms a request. With more, somebody else's object may come in between.
  private static let checkedBatch = 50
  /// Keys looked at at once. More take connections from those who read.
  private static let parallelChecks = 8

  /// What is deleted in one request: what needs no look together, the others few at a time.
  func deleteBatches(_ tombstones: [Tombstone]) -> [[Tombstone]] {
    let (sure, doubtful) = divided(tombstones)
    let checked = stride(from: 0, to: doubtful.count, by: Self.checkedBatch).map {
      Array(doubtful.dropFirst($0).prefix(Self.checkedBatch))
    }
    return sure.isEmpty ? checked : [sure] + checked
  }

  /// At the keys of the doubtful ones something else may be by now.
  private func divided(
    _ tombstones: [Tombstone]
  ) -> (sure: [Tombstone], doubtful: [Tombstone]) {
    let limit = context.environment.now().advanced(by: .zero - Self.deleteTrust)
    var (sure, doubtful): ([Tombstone], [Tombstone]) = ([], [])
    for tombstone in tombstones {
      let isFresh = tombstone.since >= limit || tombstone.etag == nil
      if isFresh && tombstone.sent.isEmpty || context.keySpace.isReserved(tombstone.key) {
        sure.append(tombstone)
      } else {
        doubtful.append(tombstone)
      }
    }
    return (sure, doubtful)
  }

  /// Those of one batch that may be deleted, looked at just now where that is in doubt.
  func stillMeant(
    _ tombstones: [Tombstone], failures: inout [ObjectKey: ObjectStoreError]
  ) async -> [Tombstone] {
    let (sure, doubtful) = divided(tombstones)
    var meant = sure
    await withTaskGroup(of: (Tombstone, Result<Bool, ObjectStoreError>).self) { group in
      var rest = doubtful[...]
      for tombstone in rest.prefix(Self.parallelChecks) {
        group.addTask { await self.check(tombstone) }
      }
      rest = rest.dropFirst(Self.parallelChecks)
      while let (tombstone, outcome) = await group.next() {
        switch outcome {
        case .success(let isOurs): if isOurs { meant.append(tombstone) }
        case .failure(let error):
          failures[tombstone.key] = error
          if error.isTransient {
            // The store would be asked for the others in vain.
            for other in rest { failures[other.key] = error }
            rest = []
          }
        }
        if let next = rest.popFirst() { group.addTask { await self.check(next) } }
      }
    }
    return meant
  }

  private func check(_ tombstone: Tombstone) async -> (Tombstone, Result<Bool, ObjectStoreError>) {
    do throws(ObjectStoreError) {
      return (tombstone, .success(try await isOurs(tombstone)))
    } catch {
      return (tombstone, .failure(error))
    }
  }

  /// Whether what is there now is what was deleted, or something else that we have written.
  private func isOurs(_ tombstone: Tombstone) async throws(ObjectStoreError) -> Bool {
    do throws(ObjectStoreError) {
      let found = try await context.store.head(tombstone.key)
      if found.etag == tombstone.etag { return true }
      return isSent(found.headers.metadata[Self.commitName], tombstone)
    } catch {
      if error.kind == .notFound { return false }
      throw error
    }
  }
}
