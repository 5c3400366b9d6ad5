/// A POSIX access control list (acl(5)), as the kernel keeps it in an extended attribute.
///
/// Permissions are three bits, as one digit of a mode: 4 reads, 2 writes, 1 executes.
package struct AccessControlList: Hashable, Sendable {
  package enum Subject: Hashable, Sendable {
    case owner
    case user(UInt32)
    case owningGroup
    case group(UInt32)
    /// The most that named users and all groups get.
    case mask
    case others
  }

  package struct Entry: Hashable, Sendable {
    package var subject: Subject
    package var permissions: UInt32

    package init(_ subject: Subject, _ permissions: UInt32) {
      self.subject = subject
      self.permissions = permissions
    }
  }

  package private(set) var entries: [Entry]

  /// `nil` when the entries are no list: owner, owning group and others must be there once, a mask
  /// when anybody is named, and all in the order of ``Subject``'s cases.
  package init?(_ entries: [Entry]) {
    guard Self.isValid(entries) else { return nil }
    self.entries = entries
  }

  /// The list that says what a mode says.
  package init(permissions: UInt32) {
    entries = [
      Entry(.owner, permissions >> 6 & 7), Entry(.owningGroup, permissions >> 3 & 7),
      Entry(.others, permissions & 7),
    ]
  }

  /// posix_acl_valid() of the kernel.
  private static func isValid(_ entries: [Entry]) -> Bool {
    var previous = -1
    var isNamed = false
    for entry in entries {
      let rank = entry.subject.rank
      let mayRepeat: Bool
      switch entry.subject {
      case .user(let id), .group(let id):
        guard id != UInt32.max else { return false }
        (mayRepeat, isNamed) = (true, true)
      case .owner, .owningGroup, .mask, .others: mayRepeat = false
      }
      guard entry.permissions <= 7, rank > previous || mayRepeat && rank == previous else {
        return false
      }
      previous = rank
    }
    let subjects = Set(entries.map(\.subject))
    return subjects.isSuperset(of: [.owner, .owningGroup, .others])
      && (!isNamed || subjects.contains(.mask))
  }

  private func permissions(of subject: Subject) -> UInt32? {
    entries.first { $0.subject == subject }?.permissions
  }

  private mutating func limit(_ subject: Subject, to permissions: UInt32) {
    for index in entries.indices where entries[index].subject == subject {
      entries[index].permissions &= permissions
    }
  }

  private mutating func set(_ subject: Subject, to permissions: UInt32) {
    for index in entries.indices where entries[index].subject == subject {
      entries[index].permissions = permissions & 7
    }
  }
}

extension AccessControlList.Subject {
  fileprivate var rank: Int {
    switch self {
    case .owner: 0
    case .user: 1
    case .owningGroup: 2
    case .group: 3
    case .mask: 4
    case .others: 5
    }
  }
}

// MARK: - The list and the mode

extension AccessControlList {
  /// Nothing that a mode could not say (posix_acl_equiv_mode() of the kernel).
  package var isMinimal: Bool { entries.count == 3 }

  /// What holds for the owning group's digit of the mode: the mask, where there is one.
  private var groupClass: Subject { permissions(of: .mask) == nil ? .owningGroup : .mask }

  /// The lower 9 bits of the mode that shows this list.
  package var modeBits: UInt32 {
    (permissions(of: .owner) ?? 0) << 6 | (permissions(of: groupClass) ?? 0) << 3
      | (permissions(of: .others) ?? 0)
  }

  /// What a chmod(2) makes of the list (posix_acl_chmod()).
  package func following(_ permissions: UInt32) -> AccessControlList {
    var list = self
    list.set(.owner, to: permissions >> 6)
    list.set(groupClass, to: permissions >> 3)
    list.set(.others, to: permissions)
    return list
  }

  /// What something made in a directory with this default list begins with: its permissions, and
  /// its own list unless the mode says all of it (posix_acl_create()). The umask does not count.
  ///
  /// - Parameter permissions: those that the maker asks for; bits above the lower 9 stay.
  package func inherited(
    requesting permissions: UInt32
  ) -> (permissions: UInt32, list: AccessControlList?) {
    var list = self
    list.limit(.owner, to: permissions >> 6)
    list.limit(groupClass, to: permissions >> 3)
    list.limit(.others, to: permissions)
    return (permissions & ~0o777 | list.modeBits, list.isMinimal ? nil : list)
  }
}

// MARK: - Bytes

/// Why bytes are no access control list.
package enum AccessControlListError: Error, Hashable, Sendable {
  /// `EOPNOTSUPP`
  case unknownVersion
  /// `EINVAL`
  case malformed
}

/// The format of linux/posix_acl_xattr.h: a version, then eight bytes an entry, little-endian.
extension AccessControlList {
  private static let version: UInt64 = 2
  private static let headerSize = 4
  private static let entrySize = 8
  /// The identifier of entries that name nobody.
  private static let nobody = UInt32.max

  /// `nil` for a list without entries, by which setxattr(2) removes one.
  package static func decode(
    _ bytes: [UInt8]
  ) throws(AccessControlListError) -> AccessControlList? {
    guard bytes.count >= headerSize else { throw .malformed }
    guard number(bytes[..<headerSize]) == version else { throw .unknownVersion }
    let rest = bytes[headerSize...]
    guard rest.count.isMultiple(of: entrySize) else { throw .malformed }
    if rest.isEmpty { return nil }
    var entries: [Entry] = []
    for start in stride(from: rest.startIndex, to: rest.endIndex, by: entrySize) {
      guard let entry = entry(rest[start..<start + entrySize]) else { throw .malformed }
      entries.append(entry)
    }
    guard let list = AccessControlList(entries) else { throw .malformed }
    return list
  }

  private static func entry(_ bytes: ArraySlice<UInt8>) -> Entry? {
    let id = UInt32(truncatingIfNeeded: number(bytes.dropFirst(4)))
    let subject: Subject
    switch number(bytes.prefix(2)) {
    case 0x01: subject = .owner
    case 0x02: subject = .user(id)
    case 0x04: subject = .owningGroup
    case 0x08: subject = .group(id)
    case 0x10: subject = .mask
    case 0x20: subject = .others
    default: return nil
    }
    return Entry(subject, UInt32(truncatingIfNeeded: number(bytes.dropFirst(2).prefix(2))))
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  package func encode() -> [UInt8] {
    func bytes(_ value: UInt32, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }
    return entries.reduce(into: bytes(UInt32(Self.version), Self.headerSize)) { result, entry in
      let (tag, id): (UInt32, UInt32) =
        switch entry.subject {
        case .owner: (0x01, Self.nobody)
        case .user(let id): (0x02, id)
        case .owningGroup: (0x04, Self.nobody)
        case .group(let id): (0x08, id)
        case .mask: (0x10, Self.nobody)
        case .others: (0x20, Self.nobody)
        }
      result += bytes(tag, 2) + bytes(entry.permissions, 2) + bytes(id, 4)
    }
  }
}
