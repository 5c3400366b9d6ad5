/// A strict pull parser for the XML that S3 answers with.
///
/// It knows elements, attributes (checked and skipped), text, the five predefined entities and
/// character references. Everything that makes XML dangerous or that S3 never sends is refused:
/// document types, entities, processing instructions, comments and CDATA. All of its input is
/// hostile: it indexes nothing that it has not compared with the end.
struct XMLReader {
  struct Limits: Sendable {
    /// In bytes. A page of 1,000 keys of 1,024 bytes, all percent-encoded, is under 4 MiB.
    var size = 8 << 20
    /// S3's own documents are five deep.
    var depth = 16
    /// A listing has about ten elements for each of its 1,000 objects.
    var elements = 100_000
  }

  enum Event: Hashable {
    /// The local name, without a namespace prefix.
    case start(String)
    case text(String)
    case end
  }

  private let bytes: [UInt8]
  private let limits: Limits
  private var position = 0
  private var open: [[UInt8]] = []
  private var elements = 0
  private var sawRoot = false
  private var pendingEnd = false

  init(_ bytes: [UInt8], limits: Limits = Limits()) throws(XMLError) {
    guard bytes.count <= limits.size else { throw XMLError(.tooLarge, at: limits.size) }
    self.bytes = bytes
    self.limits = limits
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    try skipDeclaration()
  }

  /// `nil` after the end of the root element.
  mutating func next() throws(XMLError) -> Event? {
    if pendingEnd {
      pendingEnd = false
      open.removeLast()
      return .end
    }
    if open.isEmpty {
      skipSpace()
      if sawRoot {
        guard position == bytes.count else { throw XMLError(.malformed, at: position) }
        return nil
      }
      guard peek() == UInt8(ascii: "<") else { throw unexpected() }
      return try markup()
    }
    guard let byte = peek() else { throw XMLError(.unexpectedEnd, at: position) }
    return byte == UInt8(ascii: "<") ? try markup() : .text(try text())
  }

  private mutating func markup() throws(XMLError) -> Event {
    position += 1
    switch peek() {
    case nil: throw XMLError(.unexpectedEnd, at: position)
    case UInt8(ascii: "!"), UInt8(ascii: "?"): throw XMLError(.forbidden, at: position)
    case UInt8(ascii: "/"): return try endTag()
    default: return try startTag()
    }
  }

  private mutating func startTag() throws(XMLError) -> Event {
    let name = try self.name()
    elements += 1
    guard open.count < limits.depth else { throw XMLError(.tooDeep, at: position) }
    guard elements <= limits.elements else { throw XMLError(.tooManyElements, at: position) }
    sawRoot = true
    open.append(name)
    while true {
      let hadSpace = skipSpace()
      switch peek() {
      case UInt8(ascii: ">"):
        position += 1
        return .start(Self.localName(name))
      case UInt8(ascii: "/"):
        position += 1
        try expect(UInt8(ascii: ">"))
        pendingEnd = true
        return .start(Self.localName(name))
      default:
        guard hadSpace else { throw unexpected() }
        try skipAttribute()
      }
    }
  }

  private mutating func endTag() throws(XMLError) -> Event {
    position += 1
    let name = try self.name()
    skipSpace()
    try expect(UInt8(ascii: ">"))
    guard open.popLast() == name else { throw XMLError(.mismatchedTag, at: position) }
    return .end
  }

  private mutating func text() throws(XMLError) -> String {
    let start = position
    while let byte = peek(), byte != UInt8(ascii: "<") { position += 1 }
    return try XMLText.decode(bytes[start..<position])
  }

  private mutating func skipAttribute() throws(XMLError) {
    _ = try name()
    skipSpace()
    try expect(UInt8(ascii: "="))
    skipSpace()
    guard let quote = peek(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
      throw unexpected()
    }
    position += 1
    let start = position
    while let byte = peek(), byte != quote {
      guard byte != UInt8(ascii: "<") else { throw XMLError(.malformed, at: position) }
      position += 1
    }
    _ = try XMLText.decode(bytes[start..<position])
    try expect(quote)
  }

  /// `<?xml … ?>` at the very beginning, in UTF-8.
  private mutating func skipDeclaration() throws(XMLError) {
    guard bytes[position...].starts(with: "<?xml".utf8) else { return }
    position += 5
    while skipSpace(), peek() != UInt8(ascii: "?") { try skipAttribute() }
    try expect(UInt8(ascii: "?"))
    try expect(UInt8(ascii: ">"))
  }

  /// Names are ASCII here, so that comparing them is comparing bytes.
  private mutating func name() throws(XMLError) -> [UInt8] {
    let start = position
    while let byte = peek(), Self.isNameByte(byte, isFirst: position == start) { position += 1 }
    guard position > start else { throw unexpected() }
    return Array(bytes[start..<position])
  }

  @discardableResult
  private mutating func skipSpace() -> Bool {
    let start = position
    while let byte = peek(), XMLText.isSpace(byte) { position += 1 }
    return position > start
  }

  private mutating func expect(_ byte: UInt8) throws(XMLError) {
    guard peek() == byte else { throw unexpected() }
    position += 1
  }

  private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private func unexpected() -> XMLError {
    XMLError(position < bytes.count ? .malformed : .unexpectedEnd, at: position)
  }

  private static func localName(_ name: [UInt8]) -> String {
    let start = name.lastIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? 0
    return String(decoding: name[start...], as: UTF8.self)
  }

  private static func isNameByte(_ byte: UInt8, isFirst: Bool) -> Bool {
    if byte.isASCIILetter || byte == UInt8(ascii: "_") { return true }
    if isFirst { return false }
    return byte.isASCIIDigit || "-.:".utf8.contains(byte)
  }
}
