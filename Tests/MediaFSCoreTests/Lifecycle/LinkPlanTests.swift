import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

/// What is done for an inode with several names.
@Suite struct LinkPlanTests {
  private static let keys = ["a", "b", "c", "d"].map { ObjectKey($0) }

  private static func held(
    _ key: String, content: Bool = true, attributes: Bool = true
  ) -> HeldObject {
    HeldObject(key: ObjectKey(key), hasContent: content, hasAttributes: attributes)
  }

  private static func steps(
    _ desired: String, _ primary: HeldObject?, _ aliases: [HeldObject] = []
  ) -> [ReconcileStep] {
    ReconcileFacts(
      kind: .regular, desiredKeys: desired.map { ObjectKey(String($0)) }, primary: primary,
      aliases: aliases
    ).steps
  }

  private static func copy(_ source: String, _ target: String) -> ReconcileStep {
    .copy(from: ObjectKey(source), to: ObjectKey(target))
  }

  @Test func aSecondNameIsACopy() {
    #expect(Self.steps("ab", Self.held("a")) == [Self.copy("a", "b")])
    // The first object does not say yet that there are two names.
    #expect(
      Self.steps("ab", Self.held("a", attributes: false))
        == [.rewriteAttributes(at: ObjectKey("a")), Self.copy("a", "b")])
  }

  @Test func aChangeIsUploadedOnceAndCopied() {
    let aliases = [Self.held("b", content: false), Self.held("c", content: false)]
    #expect(
      Self.steps("abc", Self.held("a", content: false), aliases)
        == [.upload(to: ObjectKey("a")), Self.copy("a", "b"), Self.copy("a", "c")])
    // Whatever the order of the names, the object that was the first one stays it.
    #expect(
      Self.steps("bac", Self.held("a", content: false), aliases)
        == [.upload(to: ObjectKey("a")), Self.copy("a", "b"), Self.copy("a", "c")])
  }

  @Test func whenTheFirstNameGoesAnotherObjectTakesItsPlace() {
    #expect(
      Self.steps("b", Self.held("a"), [Self.held("b")])
        == [.promote(ObjectKey("b")), .bury(ObjectKey("a"))])
    #expect(
      Self.steps("b", Self.held("a"), [Self.held("b", attributes: false)])
        == [
          .promote(ObjectKey("b")), .rewriteAttributes(at: ObjectKey("b")), .bury(ObjectKey("a")),
        ])
    // It holds something older.
    #expect(
      Self.steps("b", Self.held("a"), [Self.held("b", content: false)])
        == [.move(from: ObjectKey("a"), to: ObjectKey("b"))])
  }

  @Test func aNameThatMovedIsCopiedBeforeItsOldObjectGoes() {
    #expect(
      Self.steps("ac", Self.held("a"), [Self.held("b")])
        == [Self.copy("a", "c"), .bury(ObjectKey("b"))])
  }

  /// A store, and what the plan does to it; versions are numbers, 1 is the inode's own.
  private struct World {
    var objects: [ObjectKey: (content: Int, attributes: Int)] = [:]
    var primary: ObjectKey?
    var aliases: Set<ObjectKey> = []
    /// What the primary object holds is not what the inode is.
    var isDirty = false

    func facts(_ desired: [ObjectKey]) -> ReconcileFacts {
      func held(_ key: ObjectKey) -> HeldObject {
        HeldObject(
          key: key, hasContent: !isDirty && objects[key]?.content == 1,
          hasAttributes: objects[key]?.attributes == 1)
      }
      return ReconcileFacts(
        kind: .regular, desiredKeys: desired, primary: primary.map(held),
        aliases: aliases.sorted().map(held))
    }

    mutating func settle(_ key: ObjectKey, _ object: (content: Int, attributes: Int)) {
      objects[key] = object
      if let primary, primary != key { objects[primary] = nil }
      aliases.remove(key)
      primary = key
    }

    mutating func carryOut(_ step: ReconcileStep) throws {
      switch step {
      case .upload(let key):
        #expect(isDirty || primary == nil)
        settle(key, (1, 1))
        isDirty = false
      case .move(let source, let key):
        #expect(source == primary)
        settle(key, (try #require(objects[source]).content, 1))
      case .rewriteAttributes(let key):
        #expect(key == primary)
        objects[key] = (try #require(objects[key]).content, 1)
      case .copy(let source, let key):
        #expect(source == primary && key != source)
        let object = try #require(objects[source])
        objects[key] = object
        aliases.insert(key)
      case .promote(let key):
        #expect(aliases.contains(key) && objects[key]?.content == 1)
        aliases.remove(key)
        if let primary { aliases.insert(primary) }
        primary = key
      case .bury(let key):
        #expect(aliases.remove(key) != nil)
        objects[key] = nil
      case .mark: Issue.record("a file has no marker")
      }
    }
  }

  private static func world(_ random: inout SeededRandom) -> World {
    var world = World()
    for key in keys where Int.random(in: 0..<3, using: &random) > 0 {
      if world.primary == nil {
        world.primary = key
        world.objects[key] = (1, Int.random(in: 0...1, using: &random))
      } else {
        world.aliases.insert(key)
        world.objects[key] = (
          Int.random(in: 0...1, using: &random), Int.random(in: 0...1, using: &random)
        )
      }
    }
    world.isDirty = Bool.random(using: &random)
    return world
  }

  /// From any state, cut off anywhere and begun anew with other names wanted: it ends with one
  /// object for each name, and at no time is the last object gone that holds what was committed.
  @Test(arguments: UInt64(1)...2_000)
  func anyStateEndsInOrder(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var world = Self.world(&random)
    for isLast in [false, true] {
      var desired = Self.keys.filter { _ in Bool.random(using: &random) }.shuffled(using: &random)
      if desired.isEmpty { desired = [Self.keys[0]] }
      var steps = world.facts(desired).steps
      if !isLast { steps = Array(steps.prefix(Int.random(in: 0...3, using: &random))) }
      for step in steps {
        try world.carryOut(step)
        let primary = try #require(world.primary)
        try #require(world.objects[primary]?.content == 1, "seed \(seed), \(step)")
      }
      guard isLast else { continue }
      #expect(Set(world.objects.keys) == Set(desired), "seed \(seed)")
      for (key, object) in world.objects {
        #expect(object == (1, 1), "seed \(seed), \(key)")
      }
      #expect(world.facts(desired).steps == [], "seed \(seed)")
    }
  }
}
