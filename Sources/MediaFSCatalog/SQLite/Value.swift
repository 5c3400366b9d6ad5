/// What a column holds, or a parameter is given (SQLite: Datatypes).
enum Value: Sendable, Hashable {
  case null
  case integer(Int64)
  case text(String)
  case blob([UInt8])
}

/// A type that columns and parameters have in Swift.
protocol ValueConvertible {
  var value: Value { get }
  /// `nil` for a value of another type: the schema is strict, so it cannot be.
  init?(_ value: Value)
}

extension ValueConvertible where Self: FixedWidthInteger {
  var value: Value { .integer(Int64(self)) }

  init?(_ value: Value) {
    guard case .integer(let number) = value else { return nil }
    self.init(exactly: number)
  }
}

extension Int: ValueConvertible {}
extension Int64: ValueConvertible {}
extension UInt8: ValueConvertible {}
extension UInt32: ValueConvertible {}

extension Bool: ValueConvertible {
  var value: Value { .integer(self ? 1 : 0) }

  init?(_ value: Value) {
    guard case .integer(let number) = value else { return nil }
    self = number != 0
  }
}

extension String: ValueConvertible {
  var value: Value { .text(self) }

  init?(_ value: Value) {
    guard case .text(let text) = value else { return nil }
    self = text
  }
}

extension [UInt8]: ValueConvertible {
  var value: Value { .blob(self) }

  init?(_ value: Value) {
    guard case .blob(let bytes) = value else { return nil }
    self = bytes
  }
}

extension Optional: ValueConvertible where Wrapped: ValueConvertible {
  var value: Value { self?.value ?? .null }

  init?(_ value: Value) {
    if value == .null {
      self = .none
    } else if let wrapped = Wrapped(value) {
      self = .some(wrapped)
    } else {
      return nil
    }
  }
}

/// One row of an answer.
struct Row: Sendable {
  let values: [Value]

  subscript<Column: ValueConvertible>(index: Int) -> Column {
    guard let column = Column(values[index]) else {
      preconditionFailure("column \(index) holds \(values[index]), which is no \(Column.self)")
    }
    return column
  }
}
