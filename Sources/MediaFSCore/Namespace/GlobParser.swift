/// Why a pattern means nothing.
package struct GlobError: Error, Hashable, Sendable, CustomStringConvertible {
  package let pattern: String
  package let cause: String

  package init(pattern: String, cause: String) {
    self.pattern = pattern
    self.cause = cause
  }

  package var description: String { "pattern \(pattern.debugDescription) \(cause)" }
}

/// Makes tokens from the text of a ``Glob``.
struct GlobParser {
  private let pattern: String
  private let scalars: [Unicode.Scalar]
  private var position = 0
  /// No "/" but at the end.
  let isNameOnly: Bool

  init(_ pattern: String) {
    self.pattern = pattern
    var scalars = Array(pattern.unicodeScalars)
    if scalars.last == "/" { scalars.removeLast() }
    isNameOnly = !scalars.contains("/")
    if scalars.first == "/" { scalars.removeFirst() }
    self.scalars = scalars
  }

  mutating func parse() throws(GlobError) -> [Glob.Token] {
    guard !scalars.isEmpty else { throw GlobError(pattern: pattern, cause: "is empty") }
    var tokens: [Glob.Token] = []
    while let scalar = take() {
      switch scalar {
      case "?": tokens.append(.anyScalar)
      case "*": appendStars(to: &tokens)
      case "[": tokens.append(try set())
      case "\\":
        guard let literal = take() else {
          throw GlobError(pattern: pattern, cause: "ends with a backslash")
        }
        tokens.append(.scalar(literal))
      default: tokens.append(.scalar(scalar))
      }
    }
    return tokens
  }

  private mutating func take() -> Unicode.Scalar? {
    guard position < scalars.count else { return nil }
    defer { position += 1 }
    return scalars[position]
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard position < scalars.count, scalars[position] == scalar else { return false }
    position += 1
    return true
  }

  private mutating func appendStars(to tokens: inout [Glob.Token]) {
    let startsComponent =
      tokens.isEmpty || tokens.last == .scalar("/") || tokens.last == .untilSlash
    guard take("*") else {
      tokens.append(.anyInComponent)
      return
    }
    while take("*") {}
    if startsComponent, take("/") {
      tokens += [.directories, .untilSlash]
    } else {
      tokens.append(.anything)
    }
  }

  /// What follows "[": a "]" right at the start and a "-" at either end stand for themselves.
  private mutating func set() throws(GlobError) -> Glob.Token {
    let isNegated = take("!") || take("^")
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    while ranges.isEmpty || !take("]") {
      let low = try member()
      let isRange =
        position + 1 < scalars.count && scalars[position] == "-" && scalars[position + 1] != "]"
      guard isRange else {
        ranges.append(low...low)
        continue
      }
      position += 1
      let high = try member()
      guard low <= high else {
        throw GlobError(pattern: pattern, cause: "has a range that runs backwards")
      }
      ranges.append(low...high)
    }
    return .set(ranges, isNegated: isNegated)
  }

  private mutating func member() throws(GlobError) -> Unicode.Scalar {
    let scalar = take()
    guard let member = scalar == "\\" ? take() : scalar else {
      throw GlobError(pattern: pattern, cause: "has a \"[\" without a \"]\"")
    }
    return member
  }
}
