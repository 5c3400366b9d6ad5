/// Why a source cannot be mounted: what is wrong, with which part of it, and what would be right.
package struct SourceError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Part: String, Sendable, CaseIterable {
    case source
    case bucket
    case directory
    case namespace
    case prefix
  }

  package let part: Part
  /// As the user wrote it.
  package let value: String
  package let cause: String
  package let cure: String

  package init(_ part: Part, _ value: String, _ cause: String, cure: String) {
    self.part = part
    self.value = value
    self.cause = cause
    self.cure = cure
  }

  /// One line; control characters in the value are shown escaped.
  package var description: String {
    "\(part.rawValue) \(value.debugDescription) \(cause): \(cure)"
  }
}
