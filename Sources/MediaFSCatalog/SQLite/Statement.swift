import CSQLite

/// A prepared statement (sqlite3_prepare_v3(3)). Not used beyond the life of its connection.
@safe final class Statement {
  private let pointer: OpaquePointer
  private let connection: OpaquePointer
  private let sql: String
  /// Whether it leaves the database as it is.
  let isReadOnly: Bool
  private let parameters: Int

  init(_ sql: String, on connection: OpaquePointer) throws {
    var pointer: OpaquePointer?
    let code = unsafe sqlite3_prepare_v3(
      connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, nil)
    guard code == SQLITE_OK, let pointer = unsafe pointer else {
      throw unsafe DatabaseError(of: connection, sql: sql)
    }
    (unsafe self.pointer, unsafe self.connection, self.sql) = unsafe (pointer, connection, sql)
    isReadOnly = unsafe sqlite3_stmt_readonly(pointer) != 0
    parameters = Int(unsafe sqlite3_bind_parameter_count(pointer))
  }

  /// It is not used any more.
  func finalize() { unsafe sqlite3_finalize(pointer) }

  /// Carries it out, and returns so many of its rows at most.
  func perform(_ values: [Value], rows limit: Int) throws -> [Row] {
    // A row that is not read to the end would keep the transaction of a reader open.
    defer { unsafe sqlite3_reset(pointer) }
    // Those of the last time would be used again.
    if values.count < parameters { unsafe sqlite3_clear_bindings(pointer) }
    for (index, value) in values.enumerated() {
      try check(unsafe value.bind(to: pointer, at: CInt(index + 1)))
    }
    var rows: [Row] = []
    while true {
      switch unsafe sqlite3_step(pointer) {
      case SQLITE_ROW where rows.count < limit:
        let columns = unsafe sqlite3_column_count(pointer)
        rows.append(Row(values: (0..<columns).map { unsafe Value(pointer, column: $0) }))
        if limit == 1, isReadOnly { return rows }
      case SQLITE_ROW: continue
      case SQLITE_DONE: return rows
      case let code: try check(code)
      }
    }
  }

  private func check(_ code: CInt) throws {
    guard code == SQLITE_OK else { throw unsafe DatabaseError(of: connection, sql: sql) }
  }
}

extension Value {
  fileprivate func bind(to statement: OpaquePointer, at index: CInt) -> CInt {
    switch self {
    case .null: return unsafe sqlite3_bind_null(statement, index)
    case .integer(let number): return unsafe sqlite3_bind_int64(statement, index, number)
    case .text(var text):
      return text.withUTF8 { bytes in
        unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
          unsafe mediafs_bind_text(statement, index, bytes.baseAddress, CInt(bytes.count))
        }
      }
    case .blob(let bytes):
      guard !bytes.isEmpty else { return unsafe sqlite3_bind_zeroblob(statement, index, 0) }
      return unsafe bytes.withUnsafeBytes { bytes in
        unsafe mediafs_bind_blob(statement, index, bytes.baseAddress, CInt(bytes.count))
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
      self = .blob(unsafe Array(UnsafeRawBufferPointer(start: start, count: count)))
    // No table has a REAL, and no query asks for one.
    default: self = .null
    }
  }
}
