import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization

/// What `local.only` covers has no object: what there was is deleted once all of it is here.
extension Reconciliation {
  /// - Parameter targets: without any key that is wanted. An object at a key that a covered name
  ///   would want stays: it was there before, and is somebody else's.
  func keepHere(
    _ placement: Placement, _ targets: Targets
  ) async throws(ObjectStoreError) -> Outcome {
    let inode = placement.inode.number
    guard placement.inode.attributesKnown else {
      // They are in the metadata of the object; without it they are nowhere.
      try await conditions.mapping {
        _ = try await AttributeLoader(context).complete(placement.inode, in: nil, "lookup")
      }
      return .again
    }
    try catalog { try $0.abandonUpload(of: inode) }
    let now = context.environment.now()
    guard placement.inode.kind == .regular else {
      return try catalog {
        try $0.keepHere(placement, yielding: targets.covered, at: now)
      } ? .done : .again
    }
    return try await keepContent(placement, targets)
  }

  private func keepContent(
    _ placement: Placement, _ targets: Targets
  ) async throws(ObjectStoreError) -> Outcome {
    let content = try conditions.mapping {
      try context.registry.acquire(placement.inode.number, asHandle: false)
    }
    defer { _ = context.registry.release(content, asHandle: false) }
    do throws(ObjectStoreError) {
      try await fetch([0..<content.size], of: content)
    } catch  where error.kind == .notFound || error.kind == .preconditionFailed {
      throw try sourceIsGone(placement.inode, error)
    }
    var seen = placement
    seen.inode.content = content.number
    let now = context.environment.now()
    return try content.changing.withLock { _ throws(ObjectStoreError) -> Outcome in
      // Evicted again, or made longer, since it was fetched.
      guard content.state.withLock({ $0.lifecycle.missing(in: 0..<$0.lifecycle.size).isEmpty })
      else { return .again }
      guard
        try catalog({ try $0.keepHere(seen, yielding: targets.covered, at: now) })
      else { return .again }
      content.state.withLock { state in
        state.lifecycle.detached()
        state.object = nil
      }
      return .done
    }
  }
}
