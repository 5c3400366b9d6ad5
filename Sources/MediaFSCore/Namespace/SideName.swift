/// The name of a side object: it holds the extended attributes of an inode that are too long for
/// the metadata of the inode's own object.
///
/// Metadata refers to it by this name, not by its key: it stays right when a namespace is copied,
/// and whatever somebody else writes there, it leads nowhere but beneath the reserved prefix.
package struct SideName: Hashable, Sendable {
  /// Generous for three numbers; what is longer was not written by us.
  private static let maximumLength = 128

  package let text: String

  /// `nil` unless `text` is made of letters, digits, "." and "-".
  package init?(_ text: String) {
    let bytes = text.utf8
    guard !bytes.isEmpty, bytes.count <= Self.maximumLength, bytes.allSatisfy(Self.isAllowed),
      bytes.first != UInt8(ascii: ".")
    else { return nil }
    self.text = text
  }

  /// One state of the extended attributes of one inode of one catalog.
  package init(generation: UInt64, inode: InodeNumber, version: Int64) {
    text = "\(String(generation, radix: 16)).\(inode.value).\(version)"
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
