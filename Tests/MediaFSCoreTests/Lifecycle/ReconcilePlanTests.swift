import MediaFSCore
import ObjectStorage
import Testing

@Suite struct ReconcilePlanTests {
  /// The object lies where the path wants it, elsewhere, or nowhere.
  enum Place: CaseIterable {
    case there, elsewhere, nowhere
  }

  private static let old = ObjectKey("old")

  private static func step(
    _ kind: FileKind, _ place: Place, content: Bool = false, attributes: Bool = false,
    isEmpty: Bool = false, chosen: Bool = false
  ) -> ReconcileStep {
    let key = ObjectKey(kind == .directory ? "new/" : "new")
    let stored: ObjectKey? =
      switch place {
      case .there: key
      case .elsewhere: old
      case .nowhere: nil
      }
    return ReconcileFacts(
      kind: kind, desiredKey: key, storedKey: stored, isContentDirty: content,
      isAttributeDirty: attributes, isEmpty: isEmpty, areAttributesChosen: chosen
    ).step
  }

  @Test(arguments: FileKind.allCases.filter { $0 != .directory })
  func everythingButDirectories(kind: FileKind) {
    #expect(Self.step(kind, .there) == .nothing)
    #expect(Self.step(kind, .there, attributes: true) == .rewriteAttributes)
    #expect(Self.step(kind, .elsewhere) == .move(from: Self.old))
    // One copy does both.
    #expect(Self.step(kind, .elsewhere, attributes: true) == .move(from: Self.old))
    for attributes in [false, true] {
      #expect(Self.step(kind, .nowhere, attributes: attributes) == .upload)
      for place in Place.allCases {
        #expect(Self.step(kind, place, content: true, attributes: attributes) == .upload)
      }
    }
  }

  @Test(arguments: [false, true], [false, true])
  func directories(isEmpty: Bool, chosen: Bool) {
    func step(_ place: Place, attributes: Bool) -> ReconcileStep {
      Self.step(
        .directory, place, attributes: attributes, isEmpty: isEmpty, chosen: chosen)
    }
    #expect(step(.there, attributes: false) == .nothing)
    #expect(step(.there, attributes: true) == .mark)
    #expect(step(.elsewhere, attributes: false) == .mark)
    #expect(step(.elsewhere, attributes: true) == .mark)
    let expected: ReconcileStep = isEmpty || chosen ? .mark : .nothing
    #expect(step(.nowhere, attributes: false) == expected)
    #expect(step(.nowhere, attributes: true) == expected)
  }

  /// The same letters in another normalisation are another key.
  @Test func keysAreComparedByBytes() {
    let facts = ReconcileFacts(
      kind: .regular, desiredKey: ObjectKey("\u{e9}"), storedKey: ObjectKey("e\u{301}"),
      isContentDirty: false, isAttributeDirty: false, isEmpty: false, areAttributesChosen: false)
    #expect(facts.step == .move(from: ObjectKey("e\u{301}")))
  }
}
