import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization

/// Objects at a key that is about to be written and that somebody here still needs: they are copied
/// beneath `.mediafs/` before.
extension WriteConditions {
  /// Two files that changed places: the one that has not moved yet makes room.
  func evacuate(_ other: InodeRecord) async throws(ObjectStoreError) {
    guard let object = other.object else { return }
    let moved: StoredObject
    let began = context.environment.now()
    do throws(ObjectStoreError) {
      moved = try await copyAside(object, of: other.number)
    } catch {
      // It may be our own, and no conflict at the key.
      guard error.kind == .preconditionFailed || error.kind == .notFound,
        try await !isKnown(object, of: other.number)
      else { throw error }
      // Somebody else has replaced or deleted it: there is nothing left that could make room, and
      // whoever wants the key finds out what is there now.
      _ = try loseObject(of: other)
      return
    }
    let now = context.environment.now()
    try catalog { try $0.relocate(other.number, to: moved, sourceSeen: began, at: now) }
    context.registry.current(other.number)?.state.withLock { $0.object = moved }
  }

  /// The primary object of an inode was deleted or replaced by somebody else. Another one that
  /// holds the same takes its place; or if every byte is here it goes up again. Else the inode has
  /// no object from now on: its key stands for what somebody else has put there.
  ///
  /// - Returns: false when there are bytes that can be had nowhere.
  func loseObject(of record: InodeRecord) throws(ObjectStoreError) -> Bool {
    guard let key = record.object?.key else { return true }
    var content: FileContent?
    if record.kind == .regular, record.content != .none {
      content = try mapping { try context.registry.acquire(record.number, asHandle: false) }
    }
    // In memory from the first step to the last: what was compared stays so.
    defer { if let content { _ = context.registry.release(content, asHandle: false) } }
    // What is here is about to be all that there is: what of it is damaged is not.
    if let content { try mapping { _ = try context.space.verify(0..<content.size, of: content) } }
    let now = context.environment.now()
    guard try catalog({ try $0.forgetObject(at: key, of: record.number, at: now) }) else {
      try catalog { try $0.loseBase(of: record.number, at: key) }
      context.rebase(record.number)
      return false
    }
    context.rebase(record.number)
    if record.kind == .regular, try catalog({ try $0.inode(record.number) })?.object == nil {
      try mapping {
        let content = try context.registry.acquire(record.number, asHandle: false)
        defer { _ = context.registry.release(content, asHandle: false) }
        try content.markDirty(context.catalog, context.disk, now: context.environment.now())
      }
    }
    return true
  }

  /// Open files that have lost their names to others read on from copies, which are deleted once
  /// nobody needs them.
  ///
  /// - Returns: false when the write has to wait for them instead: the copy would stay for ever, or
  ///   the store refuses it.
  func shelterReaders(
    of key: ObjectKey, from writer: Placement
  ) async throws(ObjectStoreError) -> Bool {
    guard writer.object(at: key) == nil else { return true }
    for content in context.registry.all where content.inode != writer.inode.number {
      guard let object = content.state.withLock({ $0.neededObject }), object.key == key,
        try catalog({ try $0.inode(content.inode) })?.linkCount == 0
      else { continue }
      guard !context.options.neverDeletes, try await shelter(content, from: object) else {
        return false
      }
    }
    return true
  }

  private func shelter(
    _ content: FileContent, from object: StoredObject
  ) async throws(ObjectStoreError) -> Bool {
    let moved: StoredObject
    do throws(ObjectStoreError) {
      moved = try await copyAside(object, of: content.inode)
    } catch {
      switch error.kind {
      // Somebody else has replaced or deleted it: there is nothing left to be kept.
      case .notFound, .preconditionFailed: return true
      case .accessDenied, .invalid:
        context.log.warning("\(object.key) is read, and cannot be copied aside: \(error)")
        return false
      case .throttled, .unavailable, .cancelled: throw error
      }
    }
    content.state.withLock { state in
      if state.object == object { state.object = moved }
    }
    // Due at once, and put off for as long as it is needed.
    let now = context.environment.now()
    try catalog { try $0.postpone([moved.key], until: now, error: nil) }
    return true
  }

  private func copyAside(
    _ object: StoredObject, of inode: InodeNumber
  ) async throws(ObjectStoreError) -> StoredObject {
    let number = UInt64(context.environment.random() * Double(1 << 53))
    let shelter = ObjectKey(
      context.keySpace.reservedPrefix + "moving-\(inode)-" + String(number, radix: 36))
    try await checkSource(object.etag, at: object.key)
    try expectTemporary(shelter)
    let etag = try await context.copy(object, to: shelter, headers: nil, condition: .none)
    return StoredObject(key: shelter, etag: etag, size: object.size)
  }
}
