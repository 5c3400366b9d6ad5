import MediaFSCore
import ObjectStorage
import Testing

@Suite struct ReconcilePlanTests {
  /// The object lies where the path wants it, elsewhere, or nowhere.
  enum Place: CaseIterable {
    case there, elsewhere, nowhere
  }

  private static let old = ObjectKey("old")
  private static let new = ObjectKey("new")
  private static let marker = ObjectKey("new/")

  private static func steps(
    _ kind: FileKind, _ place: Place, content: Bool = false, attributes: Bool = false,
    isEmpty: Bool = false, chosen: Bool = false
  ) -> [ReconcileStep] {
    let key = kind == .directory ? marker : new
    let stored: ObjectKey? =
      switch place {
      case .there: key
      case .elsewhere: old
      case .nowhere: nil
      }
    return ReconcileFacts(
      kind: kind, desiredKeys: [key],
      primary: stored.map { HeldObject(key: $0, hasContent: !content, hasAttributes: !attributes) },
      isEmpty: isEmpty, areAttributesChosen: chosen
    ).steps
  }

  @Test(arguments: FileKind.allCases.filter { $0 != .directory })
  func everythingButDirectories(kind: FileKind) {
    #expect(Self.steps(kind, .there) == [])
    #expect(Self.steps(kind, .there, attributes: true) == [.rewriteAttributes(at: Self.new)])
    #expect(Self.steps(kind, .elsewhere) == [.move(from: Self.old, to: Self.new)])
    // One copy does both.
    #expect(
      Self.steps(kind, .elsewhere, attributes: true) == [.move(from: Self.old, to: Self.new)])
    for attributes in [false, true] {
      #expect(Self.steps(kind, .nowhere, attributes: attributes) == [.upload(to: Self.new)])
      for place in Place.allCases {
        #expect(
          Self.steps(kind, place, content: true, attributes: attributes)
            == [.upload(to: Self.new)])
      }
    }
  }

  @Test(arguments: [false, true], [false, true])
  func directories(isEmpty: Bool, chosen: Bool) {
    func steps(_ place: Place, attributes: Bool) -> [ReconcileStep] {
      Self.steps(
        .directory, place, attributes: attributes, isEmpty: isEmpty, chosen: chosen)
    }
    #expect(steps(.there, attributes: false) == [])
    #expect(steps(.there, attributes: true) == [.mark(Self.marker)])
    #expect(steps(.elsewhere, attributes: false) == [.mark(Self.marker)])
    #expect(steps(.elsewhere, attributes: true) == [.mark(Self.marker)])
    let expected: [ReconcileStep] = isEmpty || chosen ? [.mark(Self.marker)] : []
    #expect(steps(.nowhere, attributes: false) == expected)
    #expect(steps(.nowhere, attributes: true) == expected)
  }

  /// The same letters in another normalisation are another key.
  @Test func keysAreComparedByBytes() {
    let (composed, decomposed) = (ObjectKey("\u{e9}"), ObjectKey("e\u{301}"))
    let facts = ReconcileFacts(
      kind: .regular, desiredKeys: [composed],
      primary: HeldObject(key: decomposed, hasContent: true, hasAttributes: true))
    #expect(facts.steps == [.move(from: decomposed, to: composed)])
  }
}
