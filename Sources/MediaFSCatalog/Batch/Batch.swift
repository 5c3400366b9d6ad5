import PosixIO
import Synchronization
import SystemPackage

/// Operations that share one transaction of SQLite.
///
/// A commit writes every page that a transaction has touched, some twelve for a new file; a hundred
/// new files in one directory touch hardly more. So the transaction stays open while operations
/// come, each in a savepoint of its own, and is committed for all of them. That an operation has
/// happened when it returns, also after `kill -9`, the ``RedoLog`` sees to: it has its statements
/// before anybody is told. Who opens the catalog then carries them out anew.
///
/// What is not committed only the connection that writes can see, so it answers questions as well
/// meanwhile. Used under the lock of that connection, but for ``isPending``.
final class Batch: Sendable {
  /// Operations that are committed together: as many take some milliseconds, for which others wait.
  private static let maximumOperations = 500
  /// Questions after the last operation that the writing connection answers. More of them come from
  /// somebody who reads only: the others can answer side by side then.
  private static let maximumReads = 32

  private struct State {
    /// `nil`: there is no room for it, and every operation is committed.
    var log: RedoLog?
    /// Of the open transaction, or the next one.
    var name: Int64
    var operations = 0
    /// At so many of them it is committed.
    var limit = Batch.maximumOperations
    /// Since the last operation.
    var reads = 0
    /// The open transaction is lost, and what is in the log could not be carried out once more.
    var failure: (any Error)?
  }

  private let recorder = Recorder(limit: RedoLog.capacity / 2)
  private let state: Mutex<State>
  private let pending = Atomic(false)

  /// Some operations are not committed yet.
  var isPending: Bool { pending.load(ordering: .acquiring) }

  private init(_ log: RedoLog?, name: Int64, operations: Int = 0) {
    state = Mutex(
      State(
        log: log, name: name, operations: operations, limit: operations + Self.maximumOperations))
    pending.store(operations > 0, ordering: .releasing)
  }

  // MARK: Operations

  /// Carries out one operation: it has happened when this returns, and has not when this throws.
  func run<Result>(
    on database: Database, _ body: (Connection) throws -> Result
  ) throws -> Result {
    try mend(database)
    if !database.isInTransaction { try database.begin() }
    try database.run("SAVEPOINT operation")
    recorder.begin()
    let result: Result
    do {
      result = try body(Connection(database, recorder: recorder))
      // Fails where the operation has lost its transaction on the way, and has not noticed.
      try database.run("RELEASE operation")
    } catch {
      try undo(on: database)
      throw error
    }
    switch log() {
    case .nothing:
      if !isPending { try database.rollback() }
    case .logged(let isEnough):
      pending.store(true, ordering: .releasing)
      // What is in the log has happened, whatever becomes of the commit.
      if isEnough { try? commit(on: database) }
    case .tooLong:
      try commit(on: database)
    }
    return result
  }

  private enum Outcome {
    case nothing
    /// And there are so many by now that they should be committed.
    case logged(Bool)
    case tooLong
  }

  private func log() -> Outcome {
    guard let record = recorder.record else { return .tooLong }
    if record.isEmpty { return .nothing }
    return state.withLock { state in
      // What a log cannot take is committed.
      guard (try? state.log?.append(record)) == true else { return .tooLong }
      state.operations += 1
      state.reads = 0
      return .logged(state.operations >= state.limit)
    }
  }

  /// SQLite may have undone everything, and not only the operation: a full disk makes it.
  private func undo(on database: Database) throws {
    do {
      try database.run("ROLLBACK TO operation")
      try database.run("RELEASE operation")
    } catch {
      return try restore(on: database)
    }
    if !isPending { try database.rollback() }
  }

  /// A question to the connection that writes.
  func read<Result>(
    on database: Database, _ body: (Connection) throws -> Result
  ) throws -> Result {
    try mend(database)
    let isReadOnly = state.withLock { state in
      state.reads += 1
      return state.reads > Self.maximumReads
    }
    if isReadOnly { try? commit(on: database) }
    return try ask(database, body)
  }

  /// The same, of somebody who has found that connection free.
  func ask<Result>(
    _ database: Database, _ body: (Connection) throws -> Result
  ) throws -> Result {
    try mend(database)
    return try body(Connection(database))
  }

  // MARK: Transactions

  /// All operations so far are in SQLite's own log then.
  func commit(on database: Database) throws {
    try mend(database)
    guard database.isInTransaction else { return }
    do {
      let name = try Self.nameNext(on: database)
      try database.commit()
      state.withLock { state in
        state.name = name
        state.log?.begin(name)
        (state.operations, state.limit, state.reads) = (0, Self.maximumOperations, 0)
      }
      pending.store(false, ordering: .releasing)
    } catch {
      // A disk that is full may be so for long, and each attempt costs all operations once more.
      state.withLock { state in
        (state.limit, state.reads) = (state.operations + Self.maximumOperations, 0)
      }
      try restore(on: database)
      throw error
    }
  }

  /// Carries out what is in the log once more: the transaction is gone, and it was acknowledged.
  private func restore(on database: Database) throws {
    if database.isInTransaction { try database.rollback() }
    guard isPending else { return }
    do {
      let (records, count) = try state.withLock { state in
        (try state.log?.records(of: state.name) ?? [], state.operations)
      }
      guard records.count == count else { throw Self.damage }
      try database.begin()
      try Self.redo(records, on: database)
    } catch {
      // Half of them is not what happened: they are left to the next start.
      if database.isInTransaction { try? database.rollback() }
      state.withLock { $0.failure = error }
      throw error
    }
  }

  /// What happened is in the log only, and nothing can be answered any more.
  var hasFailed: Bool { state.withLock { $0.failure != nil } }

  private func refuseIfFailed() throws {
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// A disk that fails makes SQLite undo the transaction, whatever it was asked, a question too:
  /// what was acknowledged is carried out once more before anything else.
  private func mend(_ database: Database) throws {
    try refuseIfFailed()
    if isPending, !database.isInTransaction { try restore(on: database) }
  }

  /// What was written to the log a moment ago is not what it holds.
  private static var damage: CatalogError { .database("The log of operations is damaged") }

  private static func redo(_ records: [[UInt8]], on database: Database) throws {
    for record in records {
      guard let statements = RecordedStatement.all(in: record) else { throw damage }
      for statement in statements {
        _ = try Connection(database).perform(statement.sql, statement.values, rows: 0)
      }
    }
  }

  // MARK: Opening

  /// What an earlier process has left in its log.
  struct Rest {
    fileprivate var name: Int64
    fileprivate var records: [[UInt8]]
    /// Else the disk is full, and the database is still as it was before.
    fileprivate(set) var isCommitted: Bool

    /// How many operations that are.
    var count: Int { records.count }
  }

  /// Carries out what an earlier process has left in its log, before anything else is done with the
  /// database: what was recorded is of the schema that it had.
  static func recover(_ path: FilePath, on database: Database) throws -> Rest? {
    guard try FileTree.exists(path), try database.has(table: "volume"),
      let row = try Connection(database).row("SELECT value FROM volume WHERE name = 'batch'"),
      let name = Int64(row[0] as String)
    else { return nil }
    let records = try RedoLog(reading: path).records(of: name)
    guard !records.isEmpty else { return nil }
    var rest = Rest(name: name, records: records, isCommitted: true)
    do {
      try database.transaction {
        try redo(records, on: database)
        _ = try nameNext(on: database)
      }
    } catch let error as DatabaseError where error.isFull {
      rest.isCommitted = false
    }
    return rest
  }

  /// - Parameter rest: what was recovered. Where it could not be committed the transaction goes on
  ///   that it was made in.
  static func open(_ path: FilePath, on database: Database, after rest: Rest?) throws -> Batch {
    if let rest, !rest.isCommitted {
      var log = try RedoLog(path)
      log.resume(rest.name, behind: rest.records)
      try database.begin()
      try redo(rest.records, on: database)
      return Batch(log, name: rest.name, operations: rest.count)
    }
    let name: Int64
    do {
      // What is left in the log means nothing from now on, whatever it is.
      name = try nameNext(on: database)
    } catch let error as DatabaseError where error.isFull {
      return Batch(nil, name: 0)
    }
    guard var log = try? RedoLog(path) else {
      try? FileTree.unlink(path)
      return Batch(nil, name: name)
    }
    log.begin(name)
    return Batch(log, name: name)
  }

  /// Gives the next transaction its name, with which its operations are in the log. By chance:
  /// after a power cut the same numbers would be counted again, and the log may still hold
  /// operations of the transaction that had one of them before.
  private static func nameNext(on database: Database) throws -> Int64 {
    let name = Int64.random(in: 1...Int64.max)
    try Connection(database).run(
      "INSERT OR REPLACE INTO volume VALUES ('batch', ?)", [String(name)])
    return name
  }
}
