import CSQLite

/// One connection to a database (sqlite3_open_v2(3)). One thread at a time uses it.
@safe final class Database {
  /// How long it waits for another process that looks at the database, in milliseconds.
  private static let patience: CInt = 10_000

  private let pointer: OpaquePointer
  /// By their text: each is prepared once.
  private var statements: [String: Statement] = [:]

  /// Opens the file, or makes a new one.
  init(path: String) throws {
    var pointer: OpaquePointer?
    let flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code = unsafe sqlite3_open_v2(path, &pointer, flags, nil)
    guard code == SQLITE_OK, let pointer = unsafe pointer else {
      let message = unsafe String(cString: sqlite3_errmsg(pointer))
      unsafe sqlite3_close_v2(pointer)
      throw DatabaseError(code: code, message: message, sql: nil)
    }
    unsafe self.pointer = pointer
    unsafe sqlite3_busy_timeout(pointer, Self.patience)
  }

  deinit {
    forgetStatements()
    unsafe sqlite3_close_v2(pointer)
  }

  // MARK: Statements

  func prepared(_ sql: String) throws -> Statement {
    if let statement = statements[sql] { return statement }
    let statement = try unsafe Statement(sql, on: pointer)
    statements[sql] = statement
    return statement
  }

  /// Carries out statements without parameters, one after the other, and forgets them.
  func execute(_ sql: String) throws {
    let code = unsafe sqlite3_exec(pointer, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw unsafe DatabaseError(of: pointer, sql: sql) }
  }

  /// The texts of all statements that were carried out since they were forgotten.
  var preparedTexts: [String] { Array(statements.keys) }

  func forgetStatements() {
    for statement in statements.values { statement.finalize() }
    statements = [:]
  }

  var lastInsertedRowID: Int64 { unsafe sqlite3_last_insert_rowid(pointer) }

  /// Rows that the last statement has changed.
  var changesCount: Int { Int(unsafe sqlite3_changes(pointer)) }

  /// Rows that all statements so far have changed.
  var totalChangesCount: Int { Int(unsafe sqlite3_total_changes(pointer)) }

  // MARK: Transactions

  var isInTransaction: Bool { unsafe sqlite3_get_autocommit(pointer) == 0 }

  /// One that will write: nobody else does meanwhile.
  func begin() throws { try run("BEGIN IMMEDIATE") }
  func commit() throws { try run("COMMIT") }
  func rollback() throws { try run("ROLLBACK") }

  func transaction(_ body: () throws -> Void) throws {
    try begin()
    do {
      try body()
      try commit()
    } catch {
      // A full disk may have ended it already.
      if isInTransaction { try? rollback() }
      throw error
    }
  }

  /// What is read is of one moment.
  func reading<Result>(_ body: () throws -> Result) throws -> Result {
    try run("BEGIN")
    // Nothing was written: to go back costs nothing.
    defer { try? rollback() }
    return try body()
  }

  func run(_ sql: String) throws {
    _ = try prepared(sql).perform([], rows: 0)
  }

  func has(table: String) throws -> Bool {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
    return try !prepared(sql).perform([.text(table)], rows: 1).isEmpty
  }

  /// Brings everything into the database file, and empties SQLite's log.
  func checkpoint() throws {
    let code = unsafe sqlite3_wal_checkpoint_v2(
      pointer, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    guard code == SQLITE_OK else { throw unsafe DatabaseError(of: pointer, sql: nil) }
  }
}

extension DatabaseError {
  /// Of the last call on a connection.
  init(of connection: OpaquePointer, sql: String?) {
    self.init(
      code: unsafe sqlite3_extended_errcode(connection),
      message: unsafe String(cString: sqlite3_errmsg(connection)), sql: sql)
  }
}
