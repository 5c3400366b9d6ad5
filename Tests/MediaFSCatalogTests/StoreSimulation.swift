import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

/// What a store would have, and the reconciler reduced to what it tells the catalog.
struct StoreSimulation {
  /// Whose state an object holds.
  struct Object: Equatable {
    var etag: ETag
    var inode: InodeNumber
    var version: Int64
    var attributeVersion: Int64
    var size: Int64
  }

  let test: TestCatalog
  let place: Comment
  var objects: [ObjectKey: Object] = [:]
  private var serial = 0

  init(_ test: TestCatalog, _ place: Comment) {
    self.test = test
    self.place = place
  }

  private mutating func etag() -> ETag {
    serial += 1
    return ETag("etag\(serial)")
  }

  static func key(_ path: [FileName]) -> ObjectKey {
    ObjectKey(path.map(\.text).joined(separator: "/"))
  }

  private func facts(_ placement: Placement) -> ReconcileFacts {
    let record = placement.inode
    return ReconcileFacts(
      kind: record.kind, desiredKeys: placement.paths.map(Self.key),
      primary: record.object.map {
        HeldObject(
          key: $0.key, hasContent: !record.isContentDirty,
          hasAttributes: !record.isAttributeDirty)
      },
      aliases: placement.aliases.map {
        HeldObject(
          key: $0.object.key, hasContent: !record.isContentDirty && $0.version == record.version,
          hasAttributes: $0.attributeVersion == record.attributeVersion)
      })
  }

  /// Carries out the first `limit` steps that an inode needs; what follows is lost in a crash.
  mutating func reconcile(_ inode: InodeNumber, limit: Int = .max) throws {
    guard let first = try test.catalog.placement(of: inode), first.inode.linkCount > 0 else {
      _ = try test.catalog.finish(inode, at: test.now) { _, _ in false }
      return
    }
    if first.inode.isContentDirty { try test.catalog.detach(inode) }
    let steps = facts(first).steps
    for step in steps.prefix(limit) {
      let placement = try #require(try test.catalog.placement(of: inode), place)
      try carryOut(step, placement)
    }
    guard steps.count <= limit else { return }
    let seen = try #require(try test.catalog.inode(inode), place)
    try #require(
      try test.catalog.finish(seen, paths: first.paths, at: test.now), place)
    let after = try #require(try test.catalog.placement(of: inode), place)
    try #require(facts(after).steps == [], place)
  }

  private mutating func carryOut(_ step: ReconcileStep, _ placement: Placement) throws {
    let record = placement.inode
    switch step {
    case .upload(let key):
      try write(record.version, placement, at: key)
    case .move(let source, let key), .copy(let source, let key):
      let object = try #require(objects[source], place)
      try #require(object.etag == record.object?.etag && object.inode == record.number, place)
      let isCopy = step == .copy(from: source, to: key)
      try write(object.version, placement, at: key, asAlias: isCopy)
    case .rewriteAttributes(let key):
      let object = try #require(objects[key], place)
      try #require(object.etag == record.object?.etag, place)
      try write(object.version, placement, at: key)
    case .promote(let key):
      let object = try #require(objects[key], place)
      try #require(object.version == record.committedVersion, place)
      _ = try #require(try test.catalog.promote(key, of: record.number), place)
    case .bury(let key):
      try test.catalog.buryAlias(at: key, of: record.number, at: test.now)
    case .mark: Issue.record("a directory")
    }
  }

  /// The condition of every write holds: nobody else is here.
  private mutating func write(
    _ version: Int64, _ placement: Placement, at key: ObjectKey, asAlias: Bool = false
  ) throws {
    let record = placement.inode
    var expected = placement.object(at: key)?.etag
    if expected == nil {
      if let other = try test.catalog.occupant(of: key, besides: record.number) {
        try evacuate(other)
      }
      try test.catalog.vacate(key, for: record.number, at: test.now)
      expected = try test.catalog.tombstone(at: key)?.etag
    }
    let found = objects[key]?.etag
    try #require(found == expected, "\(place): a conflict at \(key)")
    let object = Object(
      etag: etag(), inode: record.number, version: version,
      attributeVersion: record.attributeVersion, size: record.size)
    objects[key] = object
    let commit = Commit(
      inode: record.number, object: StoredObject(key: key, etag: object.etag, size: record.size),
      version: version, attributeVersion: record.attributeVersion)
    if asAlias { return try test.catalog.commitAlias(commit, at: test.now) }
    _ = try test.catalog.commit(commit, at: test.now)
  }

  private mutating func evacuate(_ other: InodeRecord) throws {
    let object = try #require(other.object, place)
    let shelter = ObjectKey(".mediafs/\(serial)")
    var moved = try #require(objects[object.key], place)
    moved.etag = etag()
    objects[shelter] = moved
    try test.catalog.relocate(
      other.number, to: StoredObject(key: shelter, etag: moved.etag, size: object.size),
      at: test.now)
  }

  /// Deletes what is buried; what is deleted was buried, and nothing else is at that key.
  mutating func deleteBuried() throws {
    let due = try test.catalog.dueTombstones(
      by: test.now.advanced(by: .seconds(3_600)), limit: 1_000, excluding: [])
    for tombstone in due {
      let found = objects[tombstone.key]?.etag
      try #require(found == nil || found == tombstone.etag, place)
      objects[tombstone.key] = nil
    }
    try test.catalog.deleted(due, at: test.now)
  }

  /// A listing of what there is, and of the directory "d", which has a marker.
  func list(_ directory: String) throws -> ListingOutcome {
    let prefix = directory.isEmpty ? "" : directory + "/"
    var files: [String: StoredObject] = [:]
    var directories: Set<String> = directory.isEmpty ? ["d"] : []
    for (key, object) in objects where key.hasPrefix(prefix) && !key.hasPrefix(".mediafs") {
      let rest = key.text.utf8.dropFirst(prefix.utf8.count)
      let parts = rest.split(separator: UInt8(ascii: "/"))
      let name = String(decoding: parts[0], as: UTF8.self)
      if parts.count > 1 {
        directories.insert(name)
      } else {
        files[name] = StoredObject(key: key, etag: object.etag, size: object.size)
      }
    }
    return try test.ingest(directory, files: files, directories: directories.sorted())
  }
}
