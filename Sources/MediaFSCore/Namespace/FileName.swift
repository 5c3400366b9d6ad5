/// The name of a directory entry: 1 to 255 UTF-8 bytes without "/" and NUL, not "." or "..".
///
/// Compares by bytes, as the kernel does and as S3 compares keys; `String` would take the composed
/// and the decomposed form of a letter for the same name.
package struct FileName: Sendable {
  /// NAME_MAX of every local filesystem, in bytes.
  package static let maximumLength = 255

  package let text: String

  /// `nil` when `text` cannot be a name.
  package init?(_ text: String) {
    let bytes = text.utf8
    guard !bytes.isEmpty, bytes.count <= Self.maximumLength,
      !bytes.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }),
      !bytes.elementsEqual(".".utf8), !bytes.elementsEqual("..".utf8)
    else { return nil }
    self.text = text
  }
}

extension FileName: Hashable, Comparable, CustomStringConvertible {
  package static func == (left: FileName, right: FileName) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  package static func < (left: FileName, right: FileName) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  package var description: String { text }
}
