import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization

/// Deleting what nothing here refers to any more.
extension Reconciler {
  /// Objects in one DeleteObjects request.
  private static let deleteBatch = 1_000

  func startDeletes(_ now: Timestamp) throws(CatalogError) {
    let (isDeleting, busy) = state.withLock { ($0.isDeleting, $0.busyKeys) }
    guard !isDeleting else { return }
    let all = try context.catalog.dueTombstones(
      by: now, limit: Self.deleteBatch, excluding: busy
    ).prefix(Self.deleteBatch)
    guard !all.isEmpty else { return }
    let needed = context.registry.neededKeys
    let held = all.filter { needed.contains($0.key) }.map(\.key)
    if !held.isEmpty {
      state.withLock { $0.held.formUnion(held) }
      try context.catalog.postpone(held, until: now.advanced(by: Self.heldInterval), error: nil)
    }
    let keys = take(all.lazy.map(\.key).filter { !needed.contains($0) })
    guard !keys.isEmpty else { return }
    // What was read before its key was taken may have been done with since: another object, and
    // another row or none, is there by now.
    let due = all.filter { tombstone in
      keys.contains(tombstone.key)
        && (try? context.catalog.tombstone(at: tombstone.key)) == tombstone
    }
    state.withLock { $0.isDeleting = true }
    spawn("delete") { [self] in
      await delete(due)
      state.withLock { state in
        state.isDeleting = false
        state.busyKeys.subtract(keys)
      }
    }
  }

  private func delete(_ due: [Tombstone]) async {
    var outage: ObjectStoreError?
    do throws(ObjectStoreError) {
      for batch in try await conditions.deleteBatches(due) where !Task.isCancelled {
        if let outage {
          let now = context.environment.now()
          for tombstone in batch { failed(tombstone, outage, now) }
        } else {
          outage = await send(batch)
        }
      }
    } catch {
      if Task.isCancelled { return }
      let now = context.environment.now()
      for tombstone in due { failed(tombstone, error, now) }
    }
  }

  /// - Returns: why the next batch would fail too, if the store is the reason.
  private func send(_ due: [Tombstone]) async -> ObjectStoreError? {
    var verdict = WriteConditions.DeleteVerdict()
    do throws(ObjectStoreError) {
      verdict = try await conditions.verdict(on: due)
      let meant = verdict.meant
      if let only = meant.first, meant.count == 1 {
        try await context.store.delete(only.key)
      } else if !meant.isEmpty {
        let refused = try await context.store.delete(meant.map(\.key))
        verdict.failures.merge(refused) { $1 }
      }
    } catch {
      if Task.isCancelled { return nil }
      for tombstone in verdict.meant { verdict.failures[tombstone.key] = error }
    }
    let now = context.environment.now()
    let failures = verdict.failures
    let gone = due.filter { failures[$0.key] == nil }
    let replaced = Set(gone.map(\.key))
      .subtracting(verdict.meant.map(\.key)).subtracting(verdict.deleted.map(\.key))
    ignoringFailure { try $0.deleted(gone, replaced: replaced, at: now) }
    for tombstone in due {
      if let error = failures[tombstone.key] { failed(tombstone, error, now) }
    }
    return failures.values.first { $0.isTransient }
  }

  private func failed(_ tombstone: Tombstone, _ error: ObjectStoreError, _ now: Timestamp) {
    if error.isTransient { context.health.failed(error) }
    let due = schedule.due(
      after: UploadVerdict(error), failures: tombstone.attempts + 1, now: now,
      jitter: context.environment.random())
    ignoringFailure {
      if let due {
        try $0.postpone([tombstone.key], until: due, error: error.description)
      } else {
        try $0.park(tombstone.key, error: error.description)
      }
    }
  }
}
