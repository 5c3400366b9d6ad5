package import ObjectStorage

/// The attributes of a file as they travel with its object.
///
/// User metadata under the names that s3fs uses, so both can mount one bucket. A symbolic link is
/// an object whose mode says so and whose body is the target; a directory is a marker object.
package struct StoredAttributes: Hashable, Sendable {
  package var kind: FileKind
  /// The lower 12 bits of `st_mode`.
  package var permissions: UInt32
  package var owner: Owner
  package var modified: Timestamp
  package var accessed: Timestamp?
  package var changed: Timestamp?
  /// `st_rdev` of a device node, else 0.
  package var device: UInt64
  /// Without those that lie in the side object.
  package var extended: ExtendedAttributes
  /// The object that holds the extended attributes, where they are too long for metadata: see
  /// ``KeySpace/key(of:)-(SideName)``.
  package var side: SideName?

  package init(
    kind: FileKind, permissions: UInt32, owner: Owner, modified: Timestamp,
    accessed: Timestamp? = nil, changed: Timestamp? = nil, device: UInt64 = 0,
    extended: ExtendedAttributes = ExtendedAttributes(), side: SideName? = nil
  ) {
    self.kind = kind
    self.permissions = permissions
    self.owner = owner
    self.modified = modified
    self.accessed = accessed
    self.changed = changed
    self.device = device
    self.extended = extended
    self.side = side
  }

  /// What objects of other tools get.
  package struct Defaults: Hashable, Sendable {
    package var owner: Owner
    package var fileMode: UInt32
    package var directoryMode: UInt32

    package init(owner: Owner, fileMode: UInt32, directoryMode: UInt32) {
      self.owner = owner
      self.fileMode = fileMode
      self.directoryMode = directoryMode
    }
  }
}

// MARK: - Metadata

extension StoredAttributes {
  /// The content type by which s3fs and others know a directory marker.
  package static let directoryContentType = "application/x-directory"

  /// Names in ``ObjectHeaders/metadata``; rclone reads and writes `mtime` too.
  private enum Name {
    static let mode = "mode"
    static let user = "uid"
    static let group = "gid"
    static let modified = "mtime"
    static let accessed = "atime"
    static let changed = "ctime"
    /// Hexadecimal, as rclone has it.
    static let device = "rdev"
    static let extended = "xattr"
    static let side = "mediafs-xattr"
  }

  /// Permissions of a symbolic link, which has none of its own.
  private static let linkMode: UInt32 = 0o777

  package func encode() -> [String: String] {
    var metadata = [
      Name.mode: String(kind.modeBits | (permissions & ~FileKind.modeMask)),
      Name.user: String(owner.user),
      Name.group: String(owner.group),
      Name.modified: MetadataTime.encode(modified),
    ]
    metadata[Name.accessed] = accessed.map(MetadataTime.encode)
    metadata[Name.changed] = changed.map(MetadataTime.encode)
    if kind.isDevice { metadata[Name.device] = String(device, radix: 16) }
    metadata[Name.side] = side?.text
    if !extended.isEmpty, side == nil { metadata[Name.extended] = extended.text }
    return metadata
  }

  /// The side object that metadata refers to.
  package static func sideName(in metadata: [String: String]) -> SideName? {
    metadata[Name.side].flatMap { SideName($0) }
  }

  /// Reads what any tool may have written: whatever makes no sense counts as missing.
  ///
  /// - Parameters:
  ///   - isMarker: the key ends with "/", which makes it a directory whatever the mode says; and
  ///     nothing else can be one, since the tree follows from the keys.
  ///   - lastModified: of the object; the time of modification when the metadata has none.
  package static func decode(
    metadata: [String: String], isMarker: Bool, lastModified: Timestamp, defaults: Defaults
  ) -> StoredAttributes {
    let mode = metadata[Name.mode].flatMap(decodeMode)
    let device = metadata[Name.device].flatMap(decodeDevice)
    let kind = isMarker ? .directory : fileKind(mode, device)
    let fallback =
      switch kind {
      case .directory: defaults.directoryMode
      case .symbolicLink: linkMode
      case .regular, .fifo, .socket, .characterDevice, .blockDevice: defaults.fileMode
      }
    let owner = Owner(
      user: metadata[Name.user].flatMap { UInt32($0) } ?? defaults.owner.user,
      group: metadata[Name.group].flatMap { UInt32($0) } ?? defaults.owner.group)
    return StoredAttributes(
      kind: kind, permissions: mode.map { $0 & ~FileKind.modeMask } ?? fallback, owner: owner,
      modified: metadata[Name.modified].flatMap(MetadataTime.decode) ?? lastModified,
      accessed: metadata[Name.accessed].flatMap(MetadataTime.decode),
      changed: metadata[Name.changed].flatMap(MetadataTime.decode),
      device: kind.isDevice ? device ?? 0 : 0,
      extended: metadata[Name.extended].flatMap { ExtendedAttributes(text: $0) }
        ?? ExtendedAttributes(),
      side: sideName(in: metadata))
  }

  /// A device node without a number is a plain file. One with a number may be anybody's who can
  /// write to the bucket: it opens nothing unless the mount was given `dev`.
  private static func fileKind(_ mode: UInt32?, _ device: UInt64?) -> FileKind {
    let kind = mode.flatMap(FileKind.init(mode:)) ?? .regular
    if kind == .directory || kind.isDevice && device == nil { return .regular }
    return kind
  }

  /// The kernel's numbers of devices have 32 bits.
  private static func decodeDevice(_ text: String) -> UInt64? {
    UInt32(text, radix: 16).map { UInt64($0) }
  }

  /// Decimal as s3fs writes it, or octal as rclone does with `--metadata`. No number is both: an
  /// octal mode with a kind, read as decimal, has more than 16 bits or a kind that does not exist.
  private static func decodeMode(_ text: String) -> UInt32? {
    if let mode = UInt32(text, radix: 10), isMode(mode) { return mode }
    if let mode = UInt32(text, radix: 8), isMode(mode) { return mode }
    return nil
  }

  private static func isMode(_ mode: UInt32) -> Bool {
    mode <= 0xFFFF && (mode & FileKind.modeMask == 0 || FileKind(mode: mode) != nil)
  }
}
