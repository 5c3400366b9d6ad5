/// A statement that has changed the catalog, with its values, as bytes of a ``RedoLog`` and back.
///
/// Carried out once more on what was there before, it has the same effect: none asks for the time,
/// and those that ask for chance only want a number that nobody has had.
struct RecordedStatement: Sendable {
  var sql: String
  var values: [Value]

  /// What a value is, in one byte.
  private enum Kind {
    static let null: UInt8 = 0
    static let integer: UInt8 = 1
    static let text: UInt8 = 2
    static let blob: UInt8 = 3
  }

  static func append(_ sql: String, _ values: [Value], to bytes: inout [UInt8]) {
    append(sql.utf8, to: &bytes)
    append(values.count, to: &bytes)
    for value in values {
      switch value {
      case .null: bytes.append(Kind.null)
      case .integer(let number):
        bytes.append(Kind.integer)
        append(number, to: &bytes)
      case .text(let text):
        bytes.append(Kind.text)
        append(text.utf8, to: &bytes)
      case .blob(let data):
        bytes.append(Kind.blob)
        append(data, to: &bytes)
      }
    }
  }

  private static func append(_ content: some Collection<UInt8>, to bytes: inout [UInt8]) {
    append(content.count, to: &bytes)
    bytes.append(contentsOf: content)
  }

  /// Eight bytes, the least significant one first.
  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    let number = Int64(number).littleEndian
    unsafe withUnsafeBytes(of: number) { unsafe bytes.append(contentsOf: $0) }
  }
}

extension RecordedStatement {
  /// All statements of a record; `nil` for what is none.
  static func all(in bytes: [UInt8]) -> [RecordedStatement]? {
    var reader = Reader(rest: bytes[...])
    var statements: [RecordedStatement] = []
    while !reader.rest.isEmpty {
      guard let sql = reader.text(), let count = reader.number() else { return nil }
      var values: [Value] = []
      for _ in 0..<count {
        guard let value = reader.value() else { return nil }
        values.append(value)
      }
      statements.append(RecordedStatement(sql: sql, values: values))
    }
    return statements
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func take(_ count: Int64) -> ArraySlice<UInt8>? {
      guard (0...Int64(rest.count)).contains(count) else { return nil }
      defer { rest = rest.dropFirst(Int(count)) }
      return rest.prefix(Int(count))
    }

    mutating func number() -> Int64? {
      take(8).map { bytes in
        Int64(bitPattern: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
      }
    }

    mutating func content() -> ArraySlice<UInt8>? {
      guard let count = number() else { return nil }
      return take(count)
    }

    mutating func text() -> String? {
      content().flatMap { String(validating: $0, as: UTF8.self) }
    }

    mutating func value() -> Value? {
      switch take(1)?.first {
      case Kind.null: .null
      case Kind.integer: number().map { .integer($0) }
      case Kind.text: text().map { .text($0) }
      case Kind.blob: content().map { .blob(Array($0)) }
      default: nil
      }
    }
  }
}
