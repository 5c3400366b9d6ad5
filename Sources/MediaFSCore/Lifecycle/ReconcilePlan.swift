package import ObjectStorage

/// What brings the store closer to one inode. Each step can be repeated, and after each of them
/// what the inode was last committed as, or something newer, is in the store.
package enum ReconcileStep: Hashable, Sendable {
  /// Send the content (of a file, or the target of a symbolic link); it becomes the primary object.
  case upload(to: ObjectKey)
  /// The bytes are right, but lie at a key that no name wants: the primary object moves.
  case move(from: ObjectKey, to: ObjectKey)
  /// The primary object goes for another one that holds the same bytes; nothing is sent.
  case promote(ObjectKey)
  /// The primary object is right and in its place, its mode or times are not.
  case rewriteAttributes(at: ObjectKey)
  /// Another name of the inode gets a copy of the primary object.
  case copy(from: ObjectKey, to: ObjectKey)
  /// No name wants this object any more.
  case bury(ObjectKey)
  /// Write the directory's marker object.
  case mark(ObjectKey)
}

/// An object that holds an inode, in whatever state.
package struct HeldObject: Hashable, Sendable {
  package var key: ObjectKey
  /// Of the version that the store is to have.
  package var hasContent: Bool
  package var hasAttributes: Bool

  package init(key: ObjectKey, hasContent: Bool, hasAttributes: Bool) {
    self.key = key
    self.hasContent = hasContent
    self.hasAttributes = hasAttributes
  }
}

/// The facts that decide what is to be done for an inode: one object at the key of each of its
/// names, all in the same state.
package struct ReconcileFacts: Hashable, Sendable {
  package var kind: FileKind
  /// Of all names, the oldest first; never empty. Directories have one.
  package var desiredKeys: [ObjectKey]
  /// The object whose bytes are those of the inode, but for what was changed here since; `nil`
  /// while the store has none.
  package var primary: HeldObject?
  /// Copies of it for further names, none at the key of ``primary``.
  package var aliases: [HeldObject]
  /// Of a directory.
  package var isEmpty: Bool
  package var areAttributesChosen: Bool

  package init(
    kind: FileKind, desiredKeys: [ObjectKey], primary: HeldObject?, aliases: [HeldObject] = [],
    isEmpty: Bool = false, areAttributesChosen: Bool = false
  ) {
    self.kind = kind
    self.desiredKeys = desiredKeys
    self.primary = primary
    self.aliases = aliases
    self.isEmpty = isEmpty
    self.areAttributesChosen = areAttributesChosen
  }

  /// In the order in which they are to be carried out; none when the store agrees.
  package var steps: [ReconcileStep] {
    if kind == .directory { return markerSteps }
    var steps: [ReconcileStep] = []
    guard let main = settlePrimary(&steps) else { return [] }
    let desired = Set(desiredKeys)
    for key in desiredKeys where key != main {
      // A copy of a primary object that is in order by now makes the other one like it.
      let isCurrent = aliases.contains { $0.key == key && $0.hasContent && $0.hasAttributes }
      if !isCurrent { steps.append(.copy(from: main, to: key)) }
    }
    var spare = aliases.map(\.key)
    if let primary, steps.first == .promote(main) { spare.append(primary.key) }
    for key in spare where !desired.contains(key) { steps.append(.bury(key)) }
    return steps
  }

  /// What makes the primary object right, and its key then. An object that it leaves behind is
  /// buried with that, but for one that it was only exchanged for.
  private func settlePrimary(_ steps: inout [ReconcileStep]) -> ObjectKey? {
    guard let first = desiredKeys.first else { return nil }
    guard let primary, primary.hasContent else {
      let held = primary?.key
      let target = desiredKeys.first { $0 == held } ?? first
      steps.append(.upload(to: target))
      return target
    }
    if desiredKeys.contains(primary.key) {
      if !primary.hasAttributes { steps.append(.rewriteAttributes(at: primary.key)) }
      return primary.key
    }
    let heir = desiredKeys.lazy.compactMap { key in
      aliases.first { $0.key == key && $0.hasContent }
    }.first
    guard let heir else {
      steps.append(.move(from: primary.key, to: first))
      return first
    }
    steps.append(.promote(heir.key))
    if !heir.hasAttributes { steps.append(.rewriteAttributes(at: heir.key)) }
    return heir.key
  }

  /// A marker is written where the keys beneath a directory do not say all there is to it.
  private var markerSteps: [ReconcileStep] {
    guard let key = desiredKeys.first else { return [] }
    let isMarked = primary?.key == key && primary?.hasAttributes == true
    let needsMarker = isEmpty || areAttributesChosen || primary != nil
    return needsMarker && !isMarked ? [.mark(key)] : []
  }
}
