import MediaFSCatalog
import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

/// Random changes of files with many names against a store that is in our hands alone: however
/// they are cut off and begun anew, nothing conflicts, a listing of the store changes nothing, and
/// in the end every name has an object that holds what its inode is.
@Suite struct LinkInvariantTests {
  private static let names = ["a", "b", "c", "d/a", "d/b"]

  @Test(arguments: UInt64(1)...150)
  func everyNameEndsAsAnObject(seed: UInt64) throws {
    let test = try TestCatalog()
    var random = SeededRandom(seed: seed)
    var store = StoreSimulation(test, "seed \(seed)")
    try test.make("d", .directory)
    try test.upload("d")
    var model: [String: InodeNumber] = [:]
    for step in 0..<60 {
      test.advance(1)
      let kind = Int.random(in: 0..<14, using: &random)
      let place: Comment = "seed \(seed), step \(step), operation \(kind)"
      if kind < 8 {
        do {
          try Self.change(kind, test, &model, &random)
        } catch CatalogError.rule {
          // Random operations break rules; they must then have changed nothing.
        }
      } else {
        try Self.work(kind, test, &store, &random, place)
      }
      try #require(try Self.found(test) == model, place)
      try #require(try test.catalog.enqueueStrays(at: test.now) == 0, place)
      try Self.checkCounts(test, model, place)
    }
    test.advance(100)
    while let item = try test.catalog.dueItems(
      by: test.now.advanced(by: .seconds(1_000)), limit: 1
    ).first {
      try store.reconcile(item.inode)
    }
    try store.deleteBuried()
    try Self.check(test, store, model, "seed \(seed)")
  }

  private static func change(
    _ kind: Int, _ test: TestCatalog, _ model: inout [String: InodeNumber],
    _ random: inout SeededRandom
  ) throws {
    let one = names.randomElement(using: &random) ?? ""
    let other = names.randomElement(using: &random) ?? ""
    guard kind == 0 || model[one] != nil else { return }
    switch kind {
    case 0: model[one] = try test.make(one).number
    case 1, 2: model[other] = try test.link(one, to: other).number
    case 3:
      try test.unlink(one, key: one)
      model[one] = nil
    case 4:
      try test.rename(one, to: other)
      // rename(2): two names of one inode both stay.
      if model[one] != model[other] { (model[one], model[other]) = (nil, model[one]) }
    case 5:
      try test.exchange(one, with: other)
      (model[one], model[other]) = (model[other], model[one])
    case 6: try test.write(one, size: test.record(one).size + 1)
    default:
      let changes = AttributeChanges(permissions: UInt32.random(in: 0...0o777, using: &random))
      _ = try test.catalog.setAttributes(of: test.record(one).number, changes, at: test.now)
    }
  }

  private static func work(
    _ kind: Int, _ test: TestCatalog, _ store: inout StoreSimulation,
    _ random: inout SeededRandom, _ place: Comment
  ) throws {
    switch kind {
    case 8: try store.deleteBuried()
    case 9: try test.reopen()
    case 10:
      for directory in ["", "d"] where try test.find(directory) != nil {
        let outcome = try store.list(directory)
        try #require(outcome.changed.isEmpty && outcome.removed.isEmpty, place)
        try #require(outcome.added.isEmpty && outcome.moved.isEmpty, place)
      }
    default:
      let due = try test.catalog.dueItems(
        by: test.now.advanced(by: .seconds(1_000)), limit: 100)
      guard let item = due.randomElement(using: &random) else { return }
      let limit = Bool.random(using: &random) ? .max : Int.random(in: 0...3, using: &random)
      if item.deep == 0 { try store.reconcile(item.inode, limit: limit) }
    }
  }

  private static func found(_ test: TestCatalog) throws -> [String: InodeNumber] {
    var found: [String: InodeNumber] = [:]
    for name in names { found[name] = try test.find(name)?.number }
    return found
  }

  private static func checkCounts(
    _ test: TestCatalog, _ model: [String: InodeNumber], _ place: Comment
  ) throws {
    for (inode, names) in Dictionary(grouping: model.keys, by: { model[$0] }) {
      guard let inode else { continue }
      let placement = try #require(try test.catalog.placement(of: inode), place)
      try #require(placement.inode.linkCount == UInt32(names.count), place)
      try #require(placement.paths.count == names.count, place)
    }
  }

  private static func check(
    _ test: TestCatalog, _ store: StoreSimulation, _ model: [String: InodeNumber],
    _ place: Comment
  ) throws {
    try #require(Set(store.objects.keys) == Set(model.keys.map { ObjectKey($0) }), place)
    for (name, inode) in model {
      let record = try test.record(name)
      let object = try #require(store.objects[ObjectKey(name)], place)
      #expect(object.inode == inode, place)
      #expect(object.version == record.version, place)
      #expect(object.attributeVersion == record.attributeVersion, place)
    }
  }
}
