import MediaFSCatalog
import MediaFSCore
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// A catalog in a directory of its own, told by paths what to do, with a clock that only tests
/// move.
final class TestCatalog {
  static let schedule = JournalSchedule(
    delay: .seconds(10), maximumDelay: .seconds(60), deleteDelay: .seconds(30))
  static let root = RootAttributes(
    permissions: 0o755, owner: Owner(user: 1, group: 2), time: Timestamp(seconds: 1))

  private let directory: TemporaryDirectory
  private(set) var catalog: Catalog
  var now = Timestamp(seconds: 1_000)
  /// Inodes with open handles.
  var open: Set<InodeNumber> = []

  var path: String { directory.path + "/catalog.sqlite" }

  init(_ schedule: JournalSchedule = TestCatalog.schedule) throws {
    directory = try TemporaryDirectory()
    catalog = try Self.catalog(in: directory, schedule, identity: "s3://bucket")
  }

  private static func catalog(
    in directory: TemporaryDirectory, _ schedule: JournalSchedule, identity: String,
    boot: String = ""
  ) throws(CatalogError) -> Catalog {
    try Catalog(
      path: directory.path + "/catalog.sqlite", identity: identity, root: root, schedule: schedule,
      generation: UInt64.random(in: 1...UInt64.max), boot: boot)
  }

  /// As a new process would find it; the old one closed nothing, as after `kill -9`.
  func reopen(identity: String = "s3://bucket", boot: String = "") throws(CatalogError) {
    catalog.abandon()
    catalog = try Self.catalog(in: directory, catalog.schedule, identity: identity, boot: boot)
  }

  func advance(_ seconds: Int64) {
    now = now.advanced(by: .seconds(seconds))
  }

  static func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }
}

// MARK: - Paths

extension TestCatalog {
  static func name(_ text: String) throws -> FileName {
    try #require(FileName(text))
  }

  static func names(_ path: String) throws -> [FileName] {
    try path.utf8.split(separator: UInt8(ascii: "/")).map { try name(String(Substring($0))) }
  }

  func find(_ path: String) throws -> InodeRecord? {
    guard let number = try catalog.resolve(Self.names(path)) else { return nil }
    return try catalog.inode(number)
  }

  func record(_ path: String) throws -> InodeRecord {
    try #require(try find(path), "\(path)")
  }

  private func place(_ path: String) throws -> (FileName, InodeNumber) {
    let names = try Self.names(path)
    let parent = try #require(try catalog.resolve(Array(names.dropLast())), "\(path)")
    return (try #require(names.last), parent)
  }

  /// The texts of a directory's names, in the order in which they are read.
  func list(_ path: String = "") throws -> [String] {
    try catalog.children(of: record(path).number, after: 0, limit: 10_000).map(\.name)
  }
}

// MARK: - Changes of names

extension TestCatalog {
  @discardableResult
  func make(_ path: String, _ kind: FileKind = .regular) throws -> InodeRecord {
    let (name, parent) = try place(path)
    let new = NewInode(
      kind: kind, permissions: 0o640, owner: Owner(user: 5, group: 6),
      target: kind == .symbolicLink ? "target" : nil, attributesChosen: kind != .directory)
    return try catalog.create(new, named: name, in: parent, at: now)
  }

  @discardableResult
  func unlink(_ path: String) throws -> InodeRecord {
    let (name, parent) = try place(path)
    return try catalog.unlink(name, in: parent, at: now, isOpen: open.contains)
  }

  @discardableResult
  func removeDirectory(_ path: String) throws -> InodeRecord {
    let (name, parent) = try place(path)
    return try catalog.removeDirectory(name, in: parent, at: now)
  }

  @discardableResult
  func rename(_ path: String, to newPath: String, replacing: Bool = true) throws -> RenameOutcome {
    let (name, parent) = try place(path)
    let (newName, newParent) = try place(newPath)
    return try catalog.rename(
      name, in: parent, to: newName, in: newParent, replacing: replacing, at: now,
      isOpen: open.contains)
  }

  func exchange(_ path: String, with other: String) throws {
    let (name, parent) = try place(path)
    let (otherName, otherParent) = try place(other)
    try catalog.exchange(name, in: parent, with: otherName, in: otherParent, at: now)
  }
}

// MARK: - Contents and the store

extension TestCatalog {
  static func object(_ key: String, _ etag: String, size: Int64 = 0) -> StoredObject {
    StoredObject(key: ObjectKey(key), etag: ETag(etag), size: size)
  }

  /// Writes `size` bytes and closes.
  @discardableResult
  func write(_ path: String, size: Int64) throws -> InodeRecord {
    let number = try record(path).number
    _ = try catalog.beginWriting(number, at: now)
    let state = ContentState(size: size, modified: now)
    try catalog.settle(number, state, at: now)
    return try record(path)
  }

  /// What the reconciler does after an upload or a copy of the inode as `seen`.
  @discardableResult
  func commit(
    _ seen: InodeRecord, at key: String, _ etag: String = "e"
  ) throws -> InodeRecord? {
    let commit = Commit(
      inode: seen.number, object: Self.object(key, etag, size: seen.size), version: seen.version,
      attributeVersion: seen.attributeVersion)
    return try catalog.commit(commit, at: now)
  }

  /// Brings the store up to date with the inode at a path, at once.
  @discardableResult
  func upload(_ path: String, _ etag: String = "e") throws -> InodeRecord {
    let seen = try record(path)
    if seen.isContentDirty { try catalog.detach(seen.number) }
    try commit(seen, at: seen.kind == .directory ? path + "/" : path, etag)
    try #require(try catalog.finish(record(path), paths: [Self.names(path)], at: now))
    return try record(path)
  }

  /// A file of `size` bytes that is here and in the store.
  @discardableResult
  func makeClean(_ path: String, size: Int64 = 10, _ etag: String = "e") throws -> InodeRecord {
    try make(path)
    try write(path, size: size)
    return try upload(path, etag)
  }

  /// Where the objects of a directory lie, as far as they were never listed.
  func source(_ path: String) throws -> TreeSource {
    try #require(try catalog.source(of: record(path).number))
  }

  /// Takes in a listing of the directory `path`: objects by name, and names of directories.
  ///
  /// - Parameter source: where it was listed; `nil` for where its objects are.
  @discardableResult
  func ingest(
    _ path: String = "", files: [String: StoredObject] = [:], directories: [String] = [],
    marker: StoredObject? = nil, of source: TreeSource? = nil, began: Timestamp? = nil
  ) throws -> ListingOutcome {
    let source = try source ?? self.source(path)
    let prefix = source.prefix
    var children: [DirectoryListing.Child] = []
    for (name, object) in files {
      children.append(
        .init(name: try Self.name(name), content: .file(object, modified: Self.at(77))))
    }
    for name in directories {
      let key = ObjectKey(prefix + name + "/")
      children.append(.init(name: try Self.name(name), content: .directory(prefix: key)))
    }
    let open = self.open
    return try catalog.ingest(
      DirectoryListing(of: source, children: children, marker: marker, began: began ?? now),
      into: record(path).number, defaults: Self.root, keyOf: { ObjectKey(prefix + $0.text) },
      isOpen: { open.contains($0) })
  }

  /// The listing that the store gives when it has just these files in a directory.
  @discardableResult
  func ingest(
    _ path: String = "", etags: [String: String], directories: [String] = [],
    marker: StoredObject? = nil, began: Timestamp? = nil
  ) throws -> ListingOutcome {
    let prefix = try source(path).prefix
    var files: [String: StoredObject] = [:]
    for (name, etag) in etags { files[name] = Self.object(prefix + name, etag, size: 10) }
    return try ingest(
      path, files: files, directories: directories, marker: marker, began: began)
  }
}

// MARK: - Expectations

/// Expects that a rule of the namespace forbids what `body` does.
func expectRefused(
  _ errno: Errno, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  let error = #expect(throws: CatalogError.self, sourceLocation: sourceLocation) { try body() }
  guard case .rule(let refusal)? = error else {
    Issue.record(
      "\(errno) expected, not \(String(describing: error))", sourceLocation: sourceLocation)
    return
  }
  #expect(refusal == errno, sourceLocation: sourceLocation)
}

extension TestCatalog {
  /// The store has deleted what is buried at these keys.
  func deleted(_ keys: [ObjectKey], at time: Timestamp) throws {
    try catalog.deleted(keys.compactMap { try catalog.tombstone(at: $0) }, at: time)
  }
}

// MARK: - Renamed trees

extension TestCatalog {
  /// Queues the children of a directory, in pages of two, and returns the directories among them.
  @discardableResult
  func enqueueChildren(of directory: InodeNumber) throws -> [InodeNumber] {
    var directories: [InodeNumber] = []
    var after: Int64? = 0
    while let start = after {
      let page = try catalog.enqueueChildren(
        of: directory, after: start, limit: 2, keys: KeySpace(prefix: ""), due: now, at: now)
      directories += page.directories
      after = page.last
    }
    return directories
  }

  /// Carries out what a rename has put off, where all directories have been listed.
  func expand(_ path: String) throws {
    let item = try #require(try catalog.item(of: record(path).number))
    var pending = [item.inode]
    while let directory = pending.popLast() { pending += try enqueueChildren(of: directory) }
    try catalog.expanded(item)
  }

  func isQueued(_ path: String) throws -> Bool {
    try catalog.item(of: record(path).number) != nil
  }
}

// MARK: - Endings

extension Catalog {
  /// Takes an inode out of the journal if it is still what was seen, at the same paths.
  func finish(
    _ seen: InodeRecord, paths: [[FileName]], at now: Timestamp
  ) throws(CatalogError) -> Bool {
    try finish(seen.number, at: now) { placement, _ in
      placement.inode.version == seen.version
        && placement.inode.attributeVersion == seen.attributeVersion && placement.paths == paths
    }
  }
}
