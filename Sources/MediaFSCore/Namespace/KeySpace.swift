package import ObjectStorage

/// The keys of one namespace, and the paths that they stand for.
///
/// The key of a file is the prefix followed by its path, verbatim. A directory may have a marker:
/// an empty object whose key ends with "/".
package struct KeySpace: Sendable {
  /// Objects of mediafs itself lie beneath this name in the root; it is never shown.
  package static let reservedName = ".mediafs"

  /// Empty, `NAMESPACE/`, or a literal prefix that need not end with "/".
  package let prefix: String

  package init(prefix: String) {
    self.prefix = prefix
  }

  /// Where a key leads.
  package struct Location: Hashable, Sendable {
    /// Empty for the root.
    package var path: [FileName]
    package var isDirectoryMarker: Bool

    package init(path: [FileName], isDirectoryMarker: Bool) {
      self.path = path
      self.isDirectoryMarker = isDirectoryMarker
    }
  }
}

/// Why a path has no key.
package enum KeyError: Error, Hashable, Sendable {
  /// The key would be longer than ``ObjectKey/maximumLength``: ENAMETOOLONG.
  case tooLong(byteCount: Int)
  /// A component that no file can have, or none at all: EINVAL.
  case notAPath(String)
}

// MARK: - From path to key

extension KeySpace {
  /// The key of a file or symbolic link.
  package func key(of path: some Collection<FileName>) throws(KeyError) -> ObjectKey {
    guard !path.isEmpty else { throw .notAPath("") }
    return try checked(prefix + joined(path))
  }

  /// The key of a file from its path relative to the root, such as "a/b.jpg".
  package func key(ofRelativePath path: String) throws(KeyError) -> ObjectKey {
    guard let names = Self.names(path.utf8[...]) else { throw .notAPath(path) }
    return try key(of: names)
  }

  /// What the keys of everything beneath a directory begin with; that of the root is ``prefix``.
  package func directoryPrefix(of path: some Collection<FileName>) -> String {
    path.isEmpty ? prefix : prefix + joined(path) + "/"
  }

  /// The key of the object that stands for a directory itself. The root has one only where the
  /// prefix ends with "/".
  package func directoryMarker(of path: some Collection<FileName>) throws(KeyError) -> ObjectKey {
    guard !path.isEmpty || prefix.utf8.last == UInt8(ascii: "/") else { throw .notAPath("") }
    return try checked(directoryPrefix(of: path))
  }

  private func joined(_ path: some Collection<FileName>) -> String {
    path.lazy.map { $0.text }.joined(separator: "/")
  }

  private func checked(_ text: String) throws(KeyError) -> ObjectKey {
    let key = ObjectKey(text)
    guard key.byteCount <= ObjectKey.maximumLength else { throw .tooLong(byteCount: key.byteCount) }
    return key
  }
}

// MARK: - From key to path

extension KeySpace {
  /// The place of a key in the tree; `nil` when it has none: it lies outside the namespace, is
  /// reserved, or has a segment that cannot be a file name (empty, ".", "..", NUL, over 255 bytes).
  package func location(of key: ObjectKey) -> Location? {
    guard let relative = key.text.removing(prefix: prefix), !isReserved(key) else { return nil }
    guard !relative.isEmpty else {
      let isMarker = prefix.utf8.last == UInt8(ascii: "/")
      return isMarker ? Location(path: [], isDirectoryMarker: true) : nil
    }
    let path = relative.removing(suffix: "/")
    guard let names = Self.names((path ?? relative).utf8[...]) else { return nil }
    return Location(path: names, isDirectoryMarker: path != nil)
  }

  /// What follows the prefix of the namespace; `nil` outside of it.
  package func relativeText(of key: ObjectKey) -> String? {
    key.text.removing(prefix: prefix)
  }

  /// True for the reserved name in the root and all keys beneath it.
  package func isReserved(_ key: ObjectKey) -> Bool {
    guard let relative = key.text.removing(prefix: prefix) else { return false }
    let first = relative.utf8.prefix { $0 != UInt8(ascii: "/") }
    return first.elementsEqual(Self.reservedName.utf8)
  }

  /// True for paths that no application may create: the reserved name and what is beneath it.
  package func isReserved(_ path: some Collection<FileName>) -> Bool {
    path.first?.text.utf8.elementsEqual(Self.reservedName.utf8) ?? false
  }

  /// What the keys of mediafs itself begin with.
  package var reservedPrefix: String { prefix + Self.reservedName + "/" }

  /// Where an object of this name lies that holds the extended attributes of another one.
  package func key(of side: SideName) -> ObjectKey {
    ObjectKey(reservedPrefix + Self.sideDirectory + side.text)
  }

  /// `nil` for a key that is no side object's.
  package func sideName(of key: ObjectKey) -> SideName? {
    key.text.removing(prefix: reservedPrefix + Self.sideDirectory).flatMap { SideName($0) }
  }

  private static let sideDirectory = "xattr/"

  private static func names(_ path: Substring.UTF8View) -> [FileName]? {
    var names: [FileName] = []
    for part in path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard let name = FileName(String(Substring(part))) else { return nil }
      names.append(name)
    }
    return names
  }
}
