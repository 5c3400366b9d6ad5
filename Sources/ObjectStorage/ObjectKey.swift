/// The name of an object in a bucket: UTF-8, 1 to 1,024 bytes.
///
/// Keys compare by their bytes. `String` compares by canonical equivalence, so two keys that S3
/// keeps apart ("é" composed and decomposed) would be one; never compare `text` directly.
package struct ObjectKey: Sendable {
  /// The longest key S3 accepts, in UTF-8 bytes.
  package static let maximumLength = 1_024

  package let text: String

  package init(_ text: String) {
    self.text = text
  }

  package var byteCount: Int { text.utf8.count }

  /// Compares bytes, unlike `String.hasPrefix`, which compares characters.
  package func hasPrefix(_ prefix: String) -> Bool {
    text.utf8.starts(with: prefix.utf8)
  }
}

extension ObjectKey: Hashable, Comparable, CustomStringConvertible {
  package static func == (left: ObjectKey, right: ObjectKey) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  /// S3 lists keys in this order: by unsigned bytes.
  package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  package var description: String { text }
}

/// A version tag as the store gave it, without the quotes around it on the wire; opaque.
package struct ETag: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  /// Strips the surrounding quotes and a `W/` mark, if any.
  package init(_ text: String) {
    var bytes = text.utf8[...]
    if bytes.starts(with: "W/".utf8) { bytes = bytes.dropFirst(2) }
    if bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") {
      bytes = bytes.dropFirst().dropLast()
    }
    self.text = String(Substring(bytes))
  }

  package var quoted: String { "\"\(text)\"" }
  package var description: String { text }
}

/// Identifies a multipart upload that has begun and is neither completed nor aborted.
package struct UploadID: Sendable {
  package let text: String
  /// What its parts carry to its end, chosen at its beginning. No part of its identity: a listing
  /// of uploads does not tell it.
  package let checksum: ChecksumAlgorithm?

  package init(_ text: String, checksum: ChecksumAlgorithm? = nil) {
    self.text = text
    self.checksum = checksum
  }
}

extension UploadID: Hashable {
  package static func == (left: UploadID, right: UploadID) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
