/// Where in the store a directory's objects lie, as far as nobody has listed them yet.
///
/// A rename moves a name and nothing else: until the store has followed, what is unknown of the
/// tree is still found beneath the prefix that it had before its first rename.
package struct TreeSource: Sendable {
  /// Relative to the namespace: empty for the root, else it ends with "/".
  package var prefix: String
  /// The directory, or one above it, was renamed and the store has not followed yet. What is known
  /// of such a tree is more than any listing could tell.
  package var isPending: Bool

  package init(prefix: String, isPending: Bool) {
    self.prefix = prefix
    self.isPending = isPending
  }

  /// The source of a directory that lies beneath one of another source.
  ///
  /// - Parameter names: the path from that one down.
  package init(beneath prefix: String, _ names: some Sequence<FileName>, isPending: Bool) {
    self.prefix = names.reduce(into: prefix) { $0 += $1.text + "/" }
    self.isPending = isPending
  }

  /// All sources that a key of the namespace would be a part of, the longest first.
  ///
  /// - Parameter key: relative to the namespace; the marker of a directory is a part of its own.
  package static func covering(_ key: String) -> [String] {
    let bytes = key.utf8
    let slashes = bytes.indices.filter { bytes[$0] == UInt8(ascii: "/") }
    return slashes.reversed().map { String(Substring(bytes[...$0])) }
  }
}

extension TreeSource: Equatable {
  /// By bytes, as the store compares keys.
  package static func == (left: TreeSource, right: TreeSource) -> Bool {
    left.isPending == right.isPending && left.prefix.utf8.elementsEqual(right.prefix.utf8)
  }
}

extension KeySpace {
  /// What the keys beneath a source begin with.
  package func prefix(of source: TreeSource) -> String { prefix + source.prefix }
}
