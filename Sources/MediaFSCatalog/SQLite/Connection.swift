/// A connection to the database, as all statements of the catalog see it. What changes something
/// is recorded on the way, see ``Batch``.
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
    let statement = try database.prepared(sql)
    let rows = try statement.perform(values, rows: limit)
    if let recorder, !statement.isReadOnly { recorder.add(sql, values) }
    return rows
  }
}
