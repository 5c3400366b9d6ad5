import MediaFSCore

/// How the values of a key are written: what is allowed, how it is read, how it is shown.
struct ValueType<Value: Sendable>: Sendable {
  /// Completes the sentence "allowed is …".
  let allowed: String
  let parse: @Sendable (String) -> Value?
  let format: @Sendable (Value) -> String
}

extension ValueType where Value == String {
  static let text = ValueType(allowed: "any text", parse: { $0 }, format: { $0 })

  static let directory = ValueType(
    allowed: "a path", parse: { $0.isEmpty ? nil : $0 }, format: { $0 })
}

extension ValueType {
  /// The same, for a value that may be absent; there is no way to write its absence.
  static func optional<Wrapped>(
    _ type: ValueType<Wrapped>
  ) -> ValueType where Value == Wrapped? {
    ValueType(
      allowed: type.allowed, parse: { type.parse($0) }, format: { $0.map(type.format) ?? "" })
  }

  /// One of the words of an enumeration.
  static func choice() -> ValueType
  where Value: RawRepresentable<String> & CaseIterable {
    ValueType(
      allowed: Value.allCases.map(\.rawValue).joined(separator: ", "),
      parse: { Value(rawValue: $0) }, format: { $0.rawValue })
  }
}

extension ValueType where Value == Bool {
  static let flag = ValueType(
    allowed: "true, false",
    parse: {
      switch $0 {
      case "true", "yes", "on", "1": true
      case "false", "no", "off", "0": false
      default: nil
      }
    },
    format: { String($0) })
}

extension ValueType where Value == Int {
  static func number(_ range: ClosedRange<Int>) -> ValueType {
    ValueType(
      allowed: "a number from \(range.lowerBound) to \(range.upperBound)",
      parse: { Int($0).flatMap { range.contains($0) ? $0 : nil } }, format: { String($0) })
  }
}

extension ValueType where Value == Int? {
  /// A number, or `auto`.
  static func number(orAuto range: ClosedRange<Int>) -> ValueType {
    let number = ValueType<Int>.number(range)
    return ValueType(
      allowed: "\(number.allowed), or auto",
      parse: { $0 == "auto" ? .some(nil) : number.parse($0).map { .some($0) } },
      format: { $0.map(number.format) ?? "auto" })
  }
}

extension ValueType where Value == UInt32 {
  /// A user or group by number, which is what the store keeps.
  static let identifier = ValueType(
    allowed: "a numeric id", parse: { UInt32($0) }, format: { String($0) })

  /// Permission bits, in octal as everywhere else.
  static let mode = ValueType(
    allowed: "octal permissions from 0 to 7777",
    parse: { UInt32($0, radix: 8).flatMap { $0 <= 0o7777 ? $0 : nil } },
    format: { "0" + String($0, radix: 8) })
}

extension ValueType where Value == Int64 {
  static func size(_ range: ClosedRange<Int64>) -> ValueType {
    let low = SizeText.format(range.lowerBound)
    let high = SizeText.format(range.upperBound)
    return ValueType(
      allowed: "a size such as 64MiB or 10GB, from \(low) to \(high)",
      parse: { SizeText.parse($0).flatMap { range.contains($0) ? $0 : nil } },
      format: { SizeText.format($0) })
  }
}

extension ValueType where Value == Duration {
  private static var examples: String { "a duration such as 500ms, 30s, 10m, 2h, 7d or 2w" }

  static let duration = ValueType(
    allowed: "\(examples), or 0", parse: DurationText.parse, format: DurationText.format)

  /// For what must not happen at once, such as a timeout.
  static let positiveDuration = ValueType(
    allowed: examples, parse: { DurationText.parse($0).flatMap { $0 > .zero ? $0 : nil } },
    format: DurationText.format)
}

extension ValueType where Value == Duration? {
  /// A duration, or `word` for one without end.
  static func duration(or word: String) -> ValueType {
    let duration = ValueType<Duration>.duration
    return ValueType(
      allowed: "\(duration.allowed), or \(word)",
      parse: { text in
        if text == word { return .some(nil) }
        return duration.parse(text).map { .some($0) }
      },
      format: { $0.map(duration.format) ?? word })
  }
}

extension ValueType where Value == PatternList {
  static let patterns = ValueType(
    allowed: "patterns such as *.part:scratch/**, with colons between them",
    parse: { try? PatternList(parsing: $0) }, format: { $0.text })
}

extension ValueType where Value == Double {
  /// A share of a whole, written as `5%`; at most 90, because the cache needs the rest.
  static let percentage = ValueType(
    allowed: "a percentage from 0% to 90%",
    parse: { text in
      guard text.hasSuffix("%"), let number = Int(text.dropLast()), (0...90).contains(number)
      else { return nil }
      return Double(number) / 100
    },
    format: { "\(Int(($0 * 100).rounded()))%" })
}
