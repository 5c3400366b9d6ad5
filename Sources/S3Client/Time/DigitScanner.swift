/// Reads fixed-width fields from the front of an ASCII text.
struct DigitScanner {
  private var rest: ArraySlice<UInt8>

  init(_ text: String) {
    rest = Array(text.utf8)[...]
  }

  var isAtEnd: Bool { rest.isEmpty }

  /// Exactly `count` digits, at most nine so that the value fits.
  mutating func number(_ count: Int) -> Int? {
    guard count <= 9, rest.count >= count else { return nil }
    var value = 0
    for byte in rest.prefix(count) {
      guard byte.isASCIIDigit else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    rest = rest.dropFirst(count)
    return value
  }

  /// One to nine digits behind a decimal point, as nanoseconds.
  mutating func fraction() -> Int32? {
    let count = rest.prefix { $0.isASCIIDigit }.count
    guard count > 0, let digits = number(count) else { return nil }
    return Int32((count..<9).reduce(digits) { value, _ in value * 10 })
  }

  mutating func word(_ count: Int) -> String? {
    guard rest.count >= count, rest.prefix(count).allSatisfy(\.isASCIILetter) else { return nil }
    defer { rest = rest.dropFirst(count) }
    return String(decoding: rest.prefix(count), as: UTF8.self)
  }

  mutating func skip(_ text: String) -> Bool {
    guard rest.starts(with: text.utf8) else { return false }
    rest = rest.dropFirst(text.utf8.count)
    return true
  }
}
