import CSQLite

/// What SQLite says of a call that has failed (SQLite: Result and Error Codes).
struct DatabaseError: Error, CustomStringConvertible {
  /// The extended one.
  let code: CInt
  let message: String
  /// What was to be carried out.
  let sql: String?

  /// The disk has no room.
  var isFull: Bool { primary == SQLITE_FULL }

  /// The file is not what SQLite has written.
  var isDamage: Bool { primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB }

  private var primary: CInt { code & 0xff }

  var description: String {
    "SQLite error \(code): \(message)" + (sql.map { " - while executing `\($0)`" } ?? "")
  }
}
