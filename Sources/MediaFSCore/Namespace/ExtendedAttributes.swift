/// The name of an extended attribute: 1 to 255 bytes without NUL, compared by bytes.
package struct AttributeName: Sendable {
  /// XATTR_NAME_MAX of Linux, in bytes.
  package static let maximumLength = 255

  package let text: String

  /// `nil` when `text` cannot be a name.
  package init?(_ text: String) {
    let bytes = text.utf8
    guard !bytes.isEmpty, bytes.count <= Self.maximumLength, !bytes.contains(0) else { return nil }
    self.text = text
  }

  private init(known text: StaticString) {
    self.text = text.description
  }

  /// Who may do what to whom, beyond the mode; its value is an ``AccessControlList``.
  package static let accessList = AttributeName(known: "system.posix_acl_access")
  /// What is made in a directory begins with this list.
  package static let defaultList = AttributeName(known: "system.posix_acl_default")
  /// The capabilities that a program gets when it is run; a write takes them away.
  package static let capability = AttributeName(known: "security.capability")

  /// What the mount tells of a file: read, never set, never listed, never stored.
  private static let viewPrefix = "user.mediafs."

  /// Whose rules a name follows (xattr(7)).
  package enum Space: Hashable, Sendable {
    case user
    case trusted
    case security
    /// An access control list.
    case list
    case view
  }

  /// `nil` for what no filesystem keeps.
  package var space: Space? {
    if self == .accessList || self == .defaultList { return .list }
    if text.utf8.starts(with: Self.viewPrefix.utf8) { return .view }
    for (prefix, space) in Self.spaces
    where text.utf8.starts(with: prefix.utf8) && text.utf8.count > prefix.utf8.count {
      return space
    }
    return nil
  }

  /// Behind `user.mediafs.`.
  package var view: String? { text.removing(prefix: Self.viewPrefix) }

  private static let spaces: [(String, Space)] = [
    ("user.", .user), ("trusted.", .trusted), ("security.", .security),
  ]
}

extension AttributeName: Hashable, Comparable, CustomStringConvertible {
  package static func == (left: AttributeName, right: AttributeName) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  package static func < (left: AttributeName, right: AttributeName) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  package var description: String { text }
}

/// All extended attributes that an inode keeps, access control lists among them.
package struct ExtendedAttributes: Hashable, Sendable {
  /// XATTR_SIZE_MAX of Linux, in bytes: no value is longer.
  package static let maximumValue = 64 << 10
  /// XATTR_LIST_MAX of Linux, in bytes: longer lists of names could not be told (E2BIG).
  package static let maximumList = 64 << 10
  /// Names and values of one inode, in bytes: they are read, sent and fetched as a whole.
  package static let maximumTotal = 1 << 20

  package private(set) var values: [AttributeName: [UInt8]] = [:]

  package init() {}

  /// Setting `nil` removes.
  package subscript(name: AttributeName) -> [UInt8]? {
    get { values[name] }
    set { values[name] = newValue }
  }

  package var isEmpty: Bool { values.isEmpty }

  /// By bytes.
  package var names: [AttributeName] { values.keys.sorted() }

  /// What listxattr(2) returns of these names, in bytes.
  package var listSize: Int { values.keys.reduce(0) { $0 + $1.text.utf8.count + 1 } }

  package var totalSize: Int { values.reduce(0) { $0 + $1.key.text.utf8.count + $1.value.count } }

  /// Whether they are more than an inode may keep (`ENOSPC`).
  package var isTooLarge: Bool {
    listSize > Self.maximumList || totalSize > Self.maximumTotal
  }
}

// MARK: - Access control lists

extension ExtendedAttributes {
  /// `nil` without one, or with one that makes no sense.
  package var accessList: AccessControlList? {
    get { list(.accessList) }
    set { values[.accessList] = newValue?.encode() }
  }

  package var defaultList: AccessControlList? {
    get { list(.defaultList) }
    set { values[.defaultList] = newValue?.encode() }
  }

  private func list(_ name: AttributeName) -> AccessControlList? {
    values[name].flatMap { try? AccessControlList.decode($0) }
  }

  /// What another tool may have left: the mode is what it can change, so the list follows it; and
  /// what is no list, or has no place on this kind of inode, goes.
  package func consistent(with permissions: UInt32, of kind: FileKind) -> ExtendedAttributes {
    var result = self
    for name in values.keys where name.space == nil || name.space == .view {
      result[name] = nil
    }
    result.accessList = kind == .symbolicLink ? nil : accessList?.following(permissions)
    result.defaultList = kind == .directory ? defaultList : nil
    return result
  }
}
