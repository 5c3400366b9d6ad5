package import ObjectStorage

/// What brings the store up to date with one inode: the desired state against the actual one.
/// Carried out any number of times, it ends in the same state.
package enum ReconcileStep: Hashable, Sendable {
  /// The store agrees already.
  case nothing
  /// Send the content (of a file, or the target of a symbolic link).
  case upload
  /// The bytes are right, but lie at another key.
  case move(from: ObjectKey)
  /// The bytes are right and in their place, mode or times are not.
  case rewriteAttributes
  /// Write the directory's marker object.
  case mark
}

/// The facts that decide ``ReconcileStep``.
package struct ReconcileFacts: Hashable, Sendable {
  package var kind: FileKind
  package var desiredKey: ObjectKey
  package var storedKey: ObjectKey?
  package var isContentDirty: Bool
  package var isAttributeDirty: Bool
  /// Of a directory.
  package var isEmpty: Bool
  package var areAttributesChosen: Bool

  package init(
    kind: FileKind, desiredKey: ObjectKey, storedKey: ObjectKey?, isContentDirty: Bool,
    isAttributeDirty: Bool, isEmpty: Bool, areAttributesChosen: Bool
  ) {
    self.kind = kind
    self.desiredKey = desiredKey
    self.storedKey = storedKey
    self.isContentDirty = isContentDirty
    self.isAttributeDirty = isAttributeDirty
    self.isEmpty = isEmpty
    self.areAttributesChosen = areAttributesChosen
  }

  package var step: ReconcileStep {
    if kind == .directory {
      // A marker is written where the keys beneath a directory do not say all there is to it.
      let isMarked = storedKey == desiredKey && !isAttributeDirty
      let needsMarker = isEmpty || areAttributesChosen || storedKey != nil
      return needsMarker && !isMarked ? .mark : .nothing
    }
    guard let storedKey, !isContentDirty else { return .upload }
    if storedKey != desiredKey { return .move(from: storedKey) }
    return isAttributeDirty ? .rewriteAttributes : .nothing
  }
}
