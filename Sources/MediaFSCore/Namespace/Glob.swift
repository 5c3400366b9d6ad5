/// A pattern for paths relative to the mount, as in `local.only` and `local.keep`.
///
/// `*` and `?` match within a component, `**` across components, `**/` any number of directories
/// (none too), `[a-z]` and `[!a-z]` one character, `\` takes the next character literally.
/// Characters are Unicode scalars. A pattern without "/" is compared with the last component, one
/// with "/" with the whole path; a "/" at its start only anchors it, one at its end is ignored.
///
/// All positions that a pattern can be at are followed together, so the time is bounded by the
/// lengths of pattern and path multiplied: no pattern can stall the daemon.
package struct Glob: Sendable {
  enum Token: Equatable, Sendable {
    case scalar(Unicode.Scalar)
    case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    /// `?`
    case anyScalar
    /// `*`
    case anyInComponent
    /// `**`
    case anything
    /// `**/`: nothing, or everything up to some slash. Followed by ``untilSlash``.
    case directories
    case untilSlash
  }

  private let tokens: [Token]
  private let matchesLastComponent: Bool

  package init(parsing pattern: String) throws(GlobError) {
    var parser = GlobParser(pattern)
    tokens = try parser.parse()
    matchesLastComponent = parser.isNameOnly
  }

  /// - Parameter path: relative to the mount, without a slash at either end.
  package func matches(_ path: String) -> Bool {
    let scalars = path.unicodeScalars
    guard matchesLastComponent, let slash = scalars.lastIndex(of: "/") else {
      return matches(scalars[...])
    }
    return matches(scalars[scalars.index(after: slash)...])
  }

  /// True when the path or a directory that it lies in matches: what a person means by the name of
  /// a directory.
  package func covers(_ path: String) -> Bool {
    if matches(path) { return true }
    for index in path.utf8.indices where path.utf8[index] == UInt8(ascii: "/") {
      if matches(String(path[..<index])) { return true }
    }
    return false
  }
}

// MARK: - Matching

extension Glob {
  private func matches(_ text: Substring.UnicodeScalarView) -> Bool {
    var states = [Bool](repeating: false, count: tokens.count + 1)
    states[0] = true
    skipWhatMayBeEmpty(&states)
    for scalar in text {
      var next = [Bool](repeating: false, count: tokens.count + 1)
      for (index, token) in tokens.enumerated() where states[index] {
        step(token, at: index, over: scalar, into: &next)
      }
      skipWhatMayBeEmpty(&next)
      states = next
    }
    return states[tokens.count]
  }

  private func step(
    _ token: Token, at index: Int, over scalar: Unicode.Scalar, into next: inout [Bool]
  ) {
    switch token {
    case .scalar(let expected):
      if scalar == expected { next[index + 1] = true }
    case .set(let ranges, let isNegated):
      let isMember = ranges.contains { $0.contains(scalar) }
      if scalar != "/", isMember != isNegated { next[index + 1] = true }
    case .anyScalar:
      if scalar != "/" { next[index + 1] = true }
    case .anyInComponent:
      if scalar != "/" { next[index] = true }
    case .anything:
      next[index] = true
    case .directories:
      break
    case .untilSlash:
      next[index] = true
      if scalar == "/" { next[index + 1] = true }
    }
  }

  private func skipWhatMayBeEmpty(_ states: inout [Bool]) {
    for (index, token) in tokens.enumerated() where states[index] {
      switch token {
      case .anyInComponent, .anything:
        states[index + 1] = true
      case .directories:
        states[index + 1] = true
        states[index + 2] = true
      case .scalar, .set, .anyScalar, .untilSlash:
        break
      }
    }
  }
}
