/// Header fields in the order in which they were given; names compare without regard to case.
package struct HTTPHeaders: Sendable, Hashable {
  package struct Field: Sendable, Hashable {
    /// In lower case.
    package let name: String
    package let value: String
  }

  package private(set) var fields: [Field] = []

  package init() {}

  package init(_ fields: [(String, String)]) {
    for (name, value) in fields { append(name, value) }
  }

  package mutating func append(_ name: String, _ value: String) {
    fields.append(Field(name: name.lowercased(), value: value))
  }

  /// Replaces every field of that name.
  package mutating func set(_ name: String, _ value: String) {
    remove(name)
    append(name, value)
  }

  package mutating func remove(_ name: String) {
    let name = name.lowercased()
    fields.removeAll { $0.name == name }
  }

  /// The first value under that name, which has to be in lower case.
  package subscript(name: String) -> String? {
    fields.first { $0.name == name }?.value
  }

  /// A whole number without sign or space around it, as `Content-Length` has to be.
  package func integer(_ name: String) -> Int64? {
    guard let text = self[name], text.utf8.allSatisfy({ $0.isASCIIDigit }) else { return nil }
    return Int64(text)
  }
}

extension UInt8 {
  var isASCIIDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }

  var isASCIILetter: Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= self || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= self
  }
}
