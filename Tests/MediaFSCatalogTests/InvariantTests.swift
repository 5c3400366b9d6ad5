import MediaFSCatalog
import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

/// Random operations, and what has to hold after each of them.
@Suite struct InvariantTests {
  private static let leaves = ["a", "b", "c"]
  private static let directories = ["", "d", "e", "d/x"]

  @Test(arguments: UInt64(1)...200)
  func whatIsDirtyIsQueuedAndWhatIsHereIsCounted(seed: UInt64) throws {
    let test = try TestCatalog()
    var random = SeededRandom(seed: seed)
    var etag = 0
    for step in 0..<50 {
      test.advance(Int64.random(in: 0...3, using: &random))
      let kind = Int.random(in: 0..<17, using: &random)
      let place: Comment = "seed \(seed), step \(step), operation \(kind)"
      do {
        etag += 1
        if kind < 8 || kind == 16 {
          try Self.changeNames(kind, test, &random)
        } else {
          try Self.changeContents(kind, test, "etag\(etag)", &random)
        }
      } catch CatalogError.rule {
        // Random operations break rules; they must then have changed nothing.
      }
      try #require(try test.catalog.enqueueStrays(at: test.now) == 0, place)
      let resident = try Self.resident(test)
      try #require(try test.catalog.usage() == resident, place)
      try Self.checkLinks(test, "", place)
    }
  }

  private static func path(_ random: inout SeededRandom) -> String {
    let directory = directories.randomElement(using: &random) ?? ""
    let leaf = leaves.randomElement(using: &random) ?? ""
    return directory.isEmpty ? leaf : directory + "/" + leaf
  }

  private static func changeNames(
    _ kind: Int, _ test: TestCatalog, _ random: inout SeededRandom
  ) throws {
    let (one, other) = (path(&random), path(&random))
    let directory = directories.randomElement(using: &random) ?? "d"
    guard try [one, other, directory].allSatisfy({ try test.hasParent(of: $0) }) else { return }
    switch kind {
    case 0, 1: try test.make(one)
    case 2: if !directory.isEmpty { try test.make(directory, .directory) }
    case 3: try test.unlink(one)
    case 4: if !directory.isEmpty { try test.removeDirectory(directory) }
    case 5: try test.rename(one, to: other, replacing: Bool.random(using: &random))
    case 6: try test.exchange(one, with: other)
    case 16: if try test.find(one) != nil { try test.link(one, to: other) }
    default: try test.rename(directory.isEmpty ? one : directory, to: other)
    }
  }

  private static func changeContents(
    _ kind: Int, _ test: TestCatalog, _ etag: String, _ random: inout SeededRandom
  ) throws {
    let path = path(&random)
    if kind == 15 { return try ingest(test, etag, &random) }
    guard let record = try test.find(path), record.kind == .regular else { return }
    let size = Int64.random(in: 0...100, using: &random)
    switch kind {
    // A content file only grows by writing.
    case 8, 9: try test.write(path, size: max(size, record.size))
    case 10: try test.truncate(path, to: size)
    case 11:
      let changes = AttributeChanges(permissions: 0o600)
      _ = try test.catalog.setAttributes(of: record.number, changes, at: test.now)
    case 12, 13: try test.reconcile(path, etag)
    default:
      if !record.isContentDirty, record.content != .none {
        try test.catalog.removeExtents(Segment(content: record.content, index: 0))
      }
    }
  }

  /// Somebody else removes, replaces and adds objects.
  private static func ingest(
    _ test: TestCatalog, _ etag: String, _ random: inout SeededRandom
  ) throws {
    let directory = directories.randomElement(using: &random) ?? ""
    guard try test.find(directory)?.kind == .directory else { return }
    var etags: [String: String] = [:]
    for leaf in leaves where Bool.random(using: &random) { etags[leaf] = etag }
    let began = test.now.advanced(by: .seconds(Int64.random(in: -3...0, using: &random)))
    try test.ingest(
      directory, etags: etags, directories: Bool.random(using: &random) ? ["x"] : [],
      began: began)
  }

  /// What the lifecycles of all files say that content files hold.
  private static func resident(_ test: TestCatalog) throws -> Int64 {
    var total: Int64 = 0
    var seen: Set<InodeNumber> = []
    var pending = [InodeNumber.root]
    while let directory = pending.popLast() {
      for child in try test.catalog.children(of: directory, after: 0, limit: 1_000) {
        let inode = child.inode
        if inode.kind == .directory { pending.append(inode.number) }
        guard inode.kind == .regular, seen.insert(inode.number).inserted else { continue }
        total +=
          FileLifecycle(
            size: inode.size, baseSize: inode.baseSize,
            present: try test.catalog.extents(of: inode.content), version: 0, committedVersion: 0
          ).residentBytes
      }
    }
    return total
  }

  private static func checkLinks(_ test: TestCatalog, _ path: String, _ place: Comment) throws {
    let inner = try test.catalog.children(of: test.record(path).number, after: 0, limit: 1_000)
      .filter { $0.inode.kind == .directory }
    try #require(try test.record(path).linkCount == UInt32(2 + inner.count), place)
    for child in inner {
      try checkLinks(test, path.isEmpty ? child.name : path + "/" + child.name, place)
    }
  }
}

extension TestCatalog {
  fileprivate func hasParent(of path: String) throws -> Bool {
    try catalog.resolve(Array(Self.names(path).dropLast())) != nil
  }

  fileprivate func truncate(_ path: String, to size: Int64) throws {
    let number = try record(path).number
    _ = try catalog.truncate(number, to: size, at: now)
    let state = ContentState(size: size, modified: now)
    try catalog.settle(number, state, at: now)
  }

  /// Uploads, or copies to the key that the path wants, as the reconciler would.
  fileprivate func reconcile(_ path: String, _ etag: String) throws {
    let seen = try record(path)
    guard try catalog.item(of: seen.number) != nil else { return }
    if seen.isContentDirty { try catalog.detach(seen.number) }
    try commit(seen, at: path, etag)
    let paths = try catalog.placement(of: seen.number)?.paths ?? []
    _ = try catalog.finish(record(path), paths: paths, at: now)
  }
}
