import FoundationEssentials
import GRDB
import GRDBSQLite

/// A connection to the database, as all statements of the catalog see it. What changes something
/// is recorded on the way, see ``Batch``.
///
/// GRDB prepares statements and keeps them. They are carried out here: its rows know their columns
/// by name, which takes longer than all that SQLite does to look an inode up.
struct Connection {
  let database: Database
  /// Of the one connection that writes.
  let recorder: Recorder?

  init(_ database: Database, recorder: Recorder? = nil) {
    self.database = database
    self.recorder = recorder
  }
}

/// The values of a statement's parameters.
typealias Arguments = [any ValueConvertible]

extension Connection {
  func run(_ sql: String, _ arguments: Arguments = []) throws {
    _ = try perform(sql, arguments.map { $0.value }, rows: 0)
  }

  func row(_ sql: String, _ arguments: Arguments = []) throws -> Row? {
    try perform(sql, arguments.map { $0.value }, rows: 1).first
  }

  func rows(_ sql: String, _ arguments: Arguments = []) throws -> [Row] {
    try perform(sql, arguments.map { $0.value }, rows: .max)
  }

  func integer(_ sql: String, _ arguments: Arguments = []) throws -> Int64? {
    try row(sql, arguments)?[0]
  }

  func exists(_ sql: String, _ arguments: Arguments = []) throws -> Bool {
    try row("SELECT EXISTS (\(sql))", arguments)?[0] ?? false
  }

  var lastInsertedRowID: Int64 { database.lastInsertedRowID }

  /// Rows that the last statement has changed.
  var changesCount: Int { database.changesCount }

  /// Carries out a statement, and returns so many of its rows at most.
  func perform(_ sql: String, _ values: [Value], rows limit: Int) throws -> [Row] {
    let statement = try database.cachedStatement(sql: sql)
    let rows = try statement.perform(values, rows: limit)
    if let recorder, !statement.isReadonly { recorder.add(sql, values) }
    return rows
  }
}

extension Statement {
  fileprivate func perform(_ values: [Value], rows limit: Int) throws -> [Row] {
    let pointer = unsafe sqliteStatement
    // A row that is not read to the end would keep the transaction of a reader open.
    defer { unsafe sqlite3_reset(pointer) }
    for (index, value) in values.enumerated() {
      try check(unsafe value.bind(to: pointer, at: CInt(index + 1)))
    }
    var rows: [Row] = []
    while true {
      switch unsafe sqlite3_step(pointer) {
      case SQLITE_ROW where rows.count < limit:
        rows.append(Row(values: (0..<columnCount).map { unsafe Value(pointer, column: CInt($0)) }))
        if limit == 1, isReadonly { return rows }
      case SQLITE_ROW: continue
      case SQLITE_DONE: return rows
      case let code: try check(code)
      }
    }
  }

  private func check(_ code: CInt) throws {
    guard code != SQLITE_OK else { return }
    let database = unsafe sqlite3_db_handle(sqliteStatement)
    throw DatabaseError(
      resultCode: ResultCode(rawValue: unsafe sqlite3_extended_errcode(database)),
      message: unsafe String(cString: sqlite3_errmsg(database)), sql: sql)
  }
}

extension Value {
  /// Makes SQLite copy what it is given.
  private static let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  fileprivate func bind(to statement: OpaquePointer, at index: CInt) -> CInt {
    switch self {
    case .null: return unsafe sqlite3_bind_null(statement, index)
    case .integer(let number): return unsafe sqlite3_bind_int64(statement, index, number)
    case .text(var text):
      return text.withUTF8 { bytes in
        unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
          unsafe sqlite3_bind_text(
            statement, index, bytes.baseAddress, CInt(bytes.count), Self.copied)
        }
      }
    case .blob(let data):
      guard !data.isEmpty else { return unsafe sqlite3_bind_zeroblob(statement, index, 0) }
      return unsafe data.withUnsafeBytes { bytes in
        unsafe sqlite3_bind_blob(
          statement, index, bytes.baseAddress, CInt(bytes.count), Self.copied)
      }
    }
  }

  fileprivate init(_ statement: OpaquePointer, column: CInt) {
    switch unsafe sqlite3_column_type(statement, column) {
    case SQLITE_INTEGER: self = .integer(unsafe sqlite3_column_int64(statement, column))
    case SQLITE_TEXT:
      let start = unsafe sqlite3_column_text(statement, column)
      let count = Int(unsafe sqlite3_column_bytes(statement, column))
      self = .text(
        unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
    case SQLITE_BLOB:
      let start = unsafe sqlite3_column_blob(statement, column)
      let count = Int(unsafe sqlite3_column_bytes(statement, column))
      self = .blob(unsafe Data(UnsafeRawBufferPointer(start: start, count: count)))
    // No table has a REAL, and no query asks for one.
    default: self = .null
    }
  }
}
