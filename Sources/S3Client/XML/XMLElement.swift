/// An element of a parsed document.
struct XMLElement: Sendable, Hashable {
  let name: String
  /// All text directly in the element, joined.
  var text = ""
  var children: [XMLElement] = []

  init(name: String) {
    self.name = name
  }

  /// Parses a whole document.
  init(document bytes: [UInt8], limits: XMLReader.Limits = .init()) throws(XMLError) {
    var reader = try XMLReader(bytes, limits: limits)
    var open: [XMLElement] = []
    while let event = try reader.next() {
      switch event {
      case .start(let name):
        open.append(XMLElement(name: name))
      case .text(let text):
        guard !open.isEmpty else { break }
        open[open.count - 1].text += text
      case .end:
        guard let closed = open.popLast() else { break }
        if open.isEmpty {
          guard try reader.next() == nil else { throw XMLError(.malformed, at: bytes.count) }
          self = closed
          return
        }
        open[open.count - 1].children.append(closed)
      }
    }
    throw XMLError(.unexpectedEnd, at: bytes.count)
  }

  func child(_ name: String) -> XMLElement? {
    children.first { $0.name == name }
  }

  func all(_ name: String) -> [XMLElement] {
    children.filter { $0.name == name }
  }

  /// The text of a child that has to be there.
  func value(_ name: String) throws(XMLError) -> String {
    guard let child = child(name) else { throw XMLError(.missingElement, name) }
    return child.text
  }

  /// A number that is not negative, of a child that has to be there.
  func count(_ name: String) throws(XMLError) -> Int64 {
    guard let number = Int64(try value(name)), number >= 0 else {
      throw XMLError(.invalidValue, name)
    }
    return number
  }

  func flag(_ name: String) -> Bool { child(name)?.text == "true" }

  func requireName(_ name: String) throws(XMLError) {
    guard self.name == name else { throw XMLError(.unexpectedElement, self.name) }
  }
}
