package import MediaFSCore
package import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

/// The durable metadata of a volume: names, attributes, extents, and the journal of what the
/// store does not have yet, in one SQLite database.
///
/// Every method is one operation: it has happened when it returns, also after `kill -9`, and it
/// has not happened at all when it throws (``Batch``). ``synchronize()`` extends that to a power
/// cut. A change of the namespace and the journal row it causes are one operation, so there is no
/// moment in which something is dirty and not queued.
package final class Catalog: Sendable {
  let connections: Connections
  private let batch: Batch
  private let log: FilePath
  /// Told to NFS clients with every inode; another catalog has another one.
  package let generation: UInt64
  /// When changes become due.
  package let schedule: JournalSchedule
  /// Operations of an earlier process that were in its log only.
  package let recovered: Int
  /// Of the log beside the database.
  package static let logSuffix = "-redo"
  private let beforeCommit: @Sendable () throws -> Void
  private let afterSynchronization: @Sendable () -> Void
  private let onDamage: @Sendable (String) -> Void
  /// What is wrong with the database; nothing is asked of it any more.
  private let damage = Mutex<String?>(nil)
  private let isClosed = Mutex(false)
  /// How many transactions there were, and how many of them are on disk.
  private let written = Atomic(0)
  private let synchronized = Mutex(-1)
  let expectedChanges = Mutex(ExpectedChanges())
  /// Some of them are not on the disk, as far as is known.
  let mayBeUntold = Atomic(false)

  /// Opens the catalog in `path`, or makes a new one.
  ///
  /// - Parameters:
  ///   - identity: the source that the catalog belongs to. One that was made for another source
  ///     is refused: its journal would be carried out on the wrong bucket.
  ///   - root: the attributes of a new root directory.
  ///   - boot: tells one time that the disk of the catalog was there from any other: what was not
  ///     on it then is lost.
  ///   - beforeCommit: called when a transaction is about to take effect; prevents it by an error.
  ///   - afterSynchronization: called when all transactions so far are on the disk.
  ///   - onDamage: called once, with what was found.
  /// - Throws: ``CatalogError/damaged(_:)`` where the file is no database, or not all of one.
  package init(
    path: String, identity: String, root: RootAttributes, schedule: JournalSchedule,
    generation newGeneration: UInt64, boot: String = "",
    beforeCommit: @escaping @Sendable () throws -> Void = {},
    afterSynchronization: @escaping @Sendable () -> Void = {},
    onDamage: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(CatalogError) {
    self.schedule = schedule
    self.beforeCommit = beforeCommit
    self.afterSynchronization = afterSynchronization
    self.onDamage = onDamage
    do {
      connections = try Connections(path: path)
      log = FilePath(path + Self.logSuffix)
      let log = log
      let rest = try connections.write { try Batch.recover(log, on: $0) }
      recovered = rest?.count ?? 0
      if let rest, !rest.isCommitted {
        // What is in the log was done with another schema than there would be then.
        guard try connections.write(Schema.isCurrent) else {
          throw CatalogError.unusable("The disk of \(path) is full: make some room on it")
        }
      }
      try connections.write { try Schema.migrate($0) }
      let batch = try connections.write { database in
        try Batch.open(log, on: database, after: rest)
      }
      self.batch = batch
      let isNew: Bool
      // Behind what was recovered, as everything that follows.
      (generation, isNew) = try connections.write { database in
        try batch.run(on: database) { connection in
          if !schedule.deletesObjects {
            // Neither now nor later, also of what was buried while objects were deleted.
            try connection.run(
              "UPDATE tombstone SET due = NULL WHERE done IS NULL AND due IS NOT NULL")
          }
          let isNew = try Boot.begin(boot, connection)
          let generation = try Self.claim(
            connection, identity: identity, root: root, generation: newGeneration)
          return (generation, isNew)
        }
      }
      if isNew {
        try synchronizeLog()
        afterSynchronization()
      } else {
        expectedChanges.withLock { $0.inheritsUntold = true }
        mayBeUntold.store(true, ordering: .releasing)
      }
    } catch let error as CatalogError {
      throw error
    } catch let error as DatabaseError where error.isDamage {
      throw .damaged("\(error)")
    } catch {
      throw .unusable("The catalog \(path) cannot be opened: \(error)")
    }
  }

  /// Everything is in the database then, and nothing in its log. Once is enough.
  package func close() throws(CatalogError) {
    let wasClosed = isClosed.withLock { isClosed in
      defer { isClosed = true }
      return isClosed
    }
    if wasClosed { return }
    do {
      // Readers write nothing back.
      let wasCommitted = (try? refuseIfDamaged()) != nil && !batch.hasFailed
      if wasCommitted {
        try connections.write { database in
          try batch.commit(on: database)
          try database.checkpoint()
        }
      }
      connections.close()
      // All of it is in the database.
      if wasCommitted { try? FileTree.unlink(log) }
    } catch {
      throw .database("\(error)")
    }
  }

  /// Leaves everything as `kill -9` does. Whoever comes next finds it so.
  package func abandon() {
    let wasClosed = isClosed.withLock { isClosed in
      defer { isClosed = true }
      return isClosed
    }
    if wasClosed { return }
    try? connections.write { database in
      if database.isInTransaction { try database.rollback() }
    }
    connections.close()
  }

  /// Everything committed so far survives a power cut when this returns (SQLite: a commit with
  /// `synchronous = FULL` syncs the log, and with it all commits before).
  ///
  /// Who comes while it is done for others waits, and one of them does it for all.
  package func synchronize() throws(CatalogError) {
    try synchronize(upTo: operations)
  }

  /// How many operations there were.
  package var operations: Int { written.load(ordering: .sequentiallyConsistent) }

  /// The same, of so many of all operations.
  ///
  /// - Returns: false when they were on the disk already.
  @discardableResult
  package func synchronize(upTo wanted: Int) throws(CatalogError) -> Bool {
    try refuseIfDamaged()
    do {
      return try synchronized.withLock { synchronized in
        if synchronized >= wanted { return false }
        let current = operations
        try synchronizeLog()
        afterSynchronization()
        synchronized = current
        return true
      }
    } catch {
      throw failure(error)
    }
  }

  private func synchronizeLog() throws {
    try connections.write { database in
      try batch.commit(on: database)
      try database.run("PRAGMA synchronous = FULL")
      defer { try? database.run("PRAGMA synchronous = NORMAL") }
      try database.transaction {
        try database.run(
          """
          INSERT INTO volume VALUES ('synchronized', '1')
          ON CONFLICT DO UPDATE SET value = CAST(value AS INTEGER) + 1
          """)
      }
    }
  }

  /// Something that was found out and is worth remembering, by name; `nil` when it was not.
  package func note(_ name: String) throws(CatalogError) -> String? {
    try read { try $0.row("SELECT value FROM volume WHERE name = ?", ["note \(name)"])?[0] }
  }

  package func note(_ name: String, _ value: String) throws(CatalogError) {
    try write { database in
      try database.run(
        "INSERT OR REPLACE INTO volume VALUES (?, ?)", ["note \(name)", value])
    }
  }

  func write<Result>(_ body: (Connection) throws -> Result) throws(CatalogError) -> Result {
    try refuseIfDamaged()
    do {
      return try connections.write { database in
        // Whoever sees what is changed here counts it.
        written.add(1, ordering: .sequentiallyConsistent)
        return try batch.run(on: database) { connection in
          let result = try body(connection)
          try beforeCommit()
          return result
        }
      }
    } catch {
      throw failure(error)
    }
  }

  /// A question, answered as of one moment.
  func read<Result>(_ body: (Connection) throws -> Result) throws(CatalogError) -> Result {
    try refuseIfDamaged()
    do {
      if let result = try connections.writeIfFree({ try batch.ask($0, body) }) { return result }
      if batch.isPending { return try connections.write { try batch.read(on: $0, body) } }
      return try connections.read { try body(Connection($0)) }
    } catch {
      throw failure(error)
    }
  }

  /// A question whose answer takes its time: nobody waits for it.
  func readBeside<Result>(
    _ body: (Connection) throws -> Result
  ) throws(CatalogError) -> Result {
    try refuseIfDamaged()
    do {
      do {
        try commit()
      } catch {
        // There is no room for it: what happened is asked of who knows.
        return try connections.write { try batch.read(on: $0, body) }
      }
      return try connections.read { try body(Connection($0)) }
    } catch {
      throw failure(error)
    }
  }

  /// All operations so far can be seen by every connection.
  func commit() throws {
    guard batch.isPending else { return }
    try connections.write { try batch.commit(on: $0) }
  }

  /// The one way from SQLite's errors to ours.
  func failure(_ error: any Error) -> CatalogError {
    switch error {
    case let error as CatalogError: return error
    case let error as DatabaseError where error.isFull: return .rule(.noSpace)
    case let error as DatabaseError where error.isDamage: return found("\(error)")
    default: return .database("\(error)")
    }
  }

  private static func claim(
    _ database: Connection, identity: String, root: RootAttributes, generation: UInt64
  ) throws -> UInt64 {
    func value(_ name: String) throws -> String? {
      try database.row("SELECT value FROM volume WHERE name = ?", [name])?[0]
    }
    if let owner = try value("identity") {
      guard owner.utf8.elementsEqual(identity.utf8) else {
        throw CatalogError.unusable(
          "The cache directory holds the state of \(owner), not of \(identity). "
            + "Choose another cache.directory or another name for this mount.")
      }
      return UInt64(try value("generation") ?? "") ?? generation
    }
    try database.run(
      "INSERT INTO volume VALUES ('identity', ?), ('generation', ?)",
      [identity, String(generation)])
    let now = root.time.nanosecondsSinceEpoch
    try database.run(
      """
      INSERT INTO inode (id, kind, permissions, uid, gid, links, accessed, modified, changed,
        attributes_known) VALUES (1, ?, ?, ?, ?, 2, ?, ?, ?, 1)
      """,
      [
        FileKind.directory.rawValue, root.permissions, root.owner.user, root.owner.group, now, now,
        now,
      ])
    return generation
  }
}

// MARK: - Damage

extension Catalog {
  /// `EIO` is the answer to everything from now on: what one page of a damaged database says may be
  /// as wrong as what another one says not.
  package func refuseIfDamaged() throws(CatalogError) {
    if let message = damage.withLock({ $0 }) { throw .damaged(message) }
  }

  private func found(_ message: String) -> CatalogError {
    let isNews = damage.withLock { damage in
      defer { damage = damage ?? message }
      return damage == nil
    }
    if isNews { onDamage(message) }
    return .damaged(message)
  }

  /// Reads all of the database, some seconds for a million files, and looks whether it is in order
  /// (PRAGMA quick_check). One table after the other: the log cannot be written back meanwhile.
  package func check() throws(CatalogError) {
    let tables = try read { connection in
      try connection.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .map { $0[0] as String }
    }
    for table in tables {
      let result = try readBeside {
        try $0.row("PRAGMA quick_check('\(table)')")?[0] ?? "nothing"
      }
      guard result.utf8.elementsEqual("ok".utf8) else { throw found("\(table): \(result)") }
    }
  }
}

/// The attributes of a new root directory.
package struct RootAttributes: Sendable {
  package var permissions: UInt32
  package var owner: Owner
  package var time: Timestamp

  package init(permissions: UInt32, owner: Owner, time: Timestamp) {
    self.permissions = permissions
    self.owner = owner
    self.time = time
  }
}

/// When a change is due for the store: after a cool-down, but not put off for ever.
package struct JournalSchedule: Sendable {
  package var delay: Duration
  package var maximumDelay: Duration
  /// `nil`: never.
  package var deleteDelay: Duration?
  /// False: no object goes that nobody wants any more, whatever it was replaced by or moved to.
  package var deletesObjects: Bool
  /// What the store never gets, by path.
  package var localOnly: PatternList

  package init(
    delay: Duration, maximumDelay: Duration, deleteDelay: Duration?, deletesObjects: Bool = true,
    localOnly: PatternList = PatternList()
  ) {
    self.localOnly = localOnly
    self.delay = delay
    self.maximumDelay = maximumDelay
    self.deleteDelay = deletesObjects ? deleteDelay : nil
    self.deletesObjects = deletesObjects
  }

  /// When an object is deleted that should be at this time; `nil` for never.
  package func deletion(_ time: Timestamp) -> Timestamp? {
    deletesObjects ? time : nil
  }
}
