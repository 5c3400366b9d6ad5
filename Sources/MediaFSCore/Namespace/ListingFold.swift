package import ObjectStorage

/// An entry of a directory as a listing shows it.
package struct ChildObject: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    case file(ListedObject)
    /// With its marker, where the listing was deep enough to show one. A listing that folds
    /// directories shows only that something lies beneath.
    case directory(marker: ListedObject?)
  }

  package let name: FileName
  package let content: Content

  package init(name: FileName, content: Content) {
    self.name = name
    self.content = content
  }

  /// `nil` for a directory without a known marker.
  package var object: ListedObject? {
    switch content {
    case .file(let object): object
    case .directory(let marker): marker
    }
  }

  package var isDirectory: Bool {
    switch content {
    case .file: false
    case .directory: true
    }
  }
}

/// Makes the entries of a directory from the pages of its listing.
///
/// Accepts folded listings and deep ones, pages in any order, and keys that come twice (a store may
/// repeat what changes while it is listed; the later answer counts). Holds one entry per name,
/// since "x" and "x/" may lie pages apart: "x-1" sorts between them.
package struct ListingFold: Sendable {
  private let keySpace: KeySpace
  private let directoryPrefix: String
  private var files: [FileName: ListedObject] = [:]
  private var directories: Set<FileName> = []
  private var markers: [FileName: ListedObject] = [:]

  /// The marker of the listed directory itself.
  package private(set) var marker: ListedObject?
  /// How often something was left out that no path leads to, reserved names not counted.
  package private(set) var unmappable = 0

  package init(_ keySpace: KeySpace, directory: some Collection<FileName>) {
    self.init(keySpace, prefix: keySpace.directoryPrefix(of: directory))
  }

  /// - Parameter prefix: of all keys of the listed directory.
  package init(_ keySpace: KeySpace, prefix: String) {
    self.keySpace = keySpace
    directoryPrefix = prefix
  }

  package mutating func add(_ page: ListPage) {
    for object in page.objects { add(object) }
    for prefix in page.commonPrefixes where !keySpace.isReserved(prefix) {
      if let (name, _) = split(prefix) {
        directories.insert(name)
      } else {
        unmappable += 1
      }
    }
  }

  private mutating func add(_ object: ListedObject) {
    if keySpace.isReserved(object.key) { return }
    if object.key.text.utf8.elementsEqual(directoryPrefix.utf8),
      directoryPrefix.utf8.last == UInt8(ascii: "/")
    {
      marker = object
    } else if let (name, rest) = split(object.key) {
      guard let rest else {
        files[name] = object
        return
      }
      directories.insert(name)
      if rest.isEmpty { markers[name] = object }
    } else {
      unmappable += 1
    }
  }

  /// The first segment behind the directory's prefix and what follows its slash (`nil` without
  /// one).
  private func split(_ key: ObjectKey) -> (name: FileName, rest: String?)? {
    guard let relative = key.text.removing(prefix: directoryPrefix) else { return nil }
    let bytes = relative.utf8
    guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")) else {
      return FileName(relative).map { ($0, nil) }
    }
    let rest = String(Substring(bytes[bytes.index(after: slash)...]))
    return FileName(String(relative[..<slash])).map { ($0, rest) }
  }

  /// Names that the bucket has both as `x` and beneath `x/`: the directory wins, the object stays
  /// in the bucket.
  package var clashes: [FileName] {
    files.keys.filter(directories.contains).sorted()
  }

  /// All entries, by the bytes of their names.
  package var children: [ChildObject] {
    var children = directories.map {
      ChildObject(name: $0, content: .directory(marker: markers[$0]))
    }
    for (name, object) in files where !directories.contains(name) {
      children.append(ChildObject(name: name, content: .file(object)))
    }
    return children.sorted { $0.name < $1.name }
  }
}
