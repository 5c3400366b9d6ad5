/// Why a document of the store cannot be read.
struct XMLError: Error, Sendable, Hashable, CustomStringConvertible {
  enum Reason: String, Sendable {
    case tooLarge = "the document is too large"
    case tooDeep = "elements are nested too deeply"
    case tooManyElements = "there are too many elements"
    case unexpectedEnd = "the document ends early"
    case forbidden = "a declaration, comment, CDATA section or instruction is not accepted"
    case malformed = "the markup is malformed"
    case mismatchedTag = "an end tag does not match its start tag"
    case unknownEntity = "an entity is not known"
    case invalidCharacter = "a character is not allowed"
    case notUTF8 = "the text is not UTF-8"
    case unexpectedElement = "the document has another root element"
    case missingElement = "an element is missing"
    case invalidValue = "an element has an unusable value"
  }

  let reason: Reason
  /// Byte offset, or the name of the element.
  let place: String

  init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    place = "byte \(offset)"
  }

  init(_ reason: Reason, _ name: String) {
    self.reason = reason
    place = name
  }

  var description: String { "\(reason.rawValue) (\(place))" }
}
