package import ObjectStorage

/// A number that names an inode for as long as the catalog lives; 1 is the root.
package struct InodeNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let value: Int64

  package init(_ value: Int64) {
    self.value = value
  }

  package static let root = InodeNumber(1)

  package static func < (left: InodeNumber, right: InodeNumber) -> Bool {
    left.value < right.value
  }

  package var description: String { String(value) }
}

/// What an inode is; the values are the `S_IFMT` bits of stat(2), shifted right by 12.
package enum FileKind: UInt32, Sendable, CaseIterable {
  case fifo = 1
  case characterDevice = 2
  case directory = 4
  case blockDevice = 6
  case regular = 8
  case symbolicLink = 10
  case socket = 12

  /// The bits of `st_mode` that hold the kind.
  package static let modeMask: UInt32 = 0o170000

  package init?(mode: UInt32) {
    self.init(rawValue: (mode & Self.modeMask) >> 12)
  }

  package var modeBits: UInt32 { rawValue << 12 }

  package var isDevice: Bool { self == .characterDevice || self == .blockDevice }
}

/// Who owns an inode.
package struct Owner: Hashable, Sendable {
  package var user: UInt32
  package var group: UInt32

  package init(user: UInt32, group: UInt32) {
    self.user = user
    self.group = group
  }
}

/// What stat(2) tells of an inode.
package struct FileAttributes: Hashable, Sendable {
  package var inode: InodeNumber
  /// Told apart from an earlier inode of the same number, for NFS.
  package var generation: UInt64
  package var kind: FileKind
  /// The lower 12 bits of `st_mode`: permissions, setuid, setgid, sticky.
  package var permissions: UInt32
  package var owner: Owner
  package var linkCount: UInt32
  /// In bytes.
  package var size: Int64
  /// What the file takes without its holes, wherever its bytes are; in 512-byte blocks.
  package var blocks: Int64
  package var accessed: Timestamp
  package var modified: Timestamp
  package var changed: Timestamp
  /// `st_rdev` of a device node, else 0.
  package var device: UInt64

  package init(
    inode: InodeNumber, generation: UInt64, kind: FileKind, permissions: UInt32, owner: Owner,
    linkCount: UInt32, size: Int64, blocks: Int64, accessed: Timestamp, modified: Timestamp,
    changed: Timestamp, device: UInt64 = 0
  ) {
    self.inode = inode
    self.generation = generation
    self.kind = kind
    self.permissions = permissions
    self.owner = owner
    self.linkCount = linkCount
    self.size = size
    self.blocks = blocks
    self.accessed = accessed
    self.modified = modified
    self.changed = changed
    self.device = device
  }

  package var mode: UInt32 { kind.modeBits | permissions }
}

/// What a setattr request changes; `nil` leaves it as it is.
package struct AttributeChanges: Hashable, Sendable {
  package enum Time: Hashable, Sendable {
    case now
    case at(Timestamp)
  }

  package var permissions: UInt32?
  package var user: UInt32?
  package var group: UInt32?
  /// Truncates or extends, in bytes.
  package var size: Int64?
  package var accessed: Time?
  package var modified: Time?

  package init(
    permissions: UInt32? = nil, user: UInt32? = nil, group: UInt32? = nil, size: Int64? = nil,
    accessed: Time? = nil, modified: Time? = nil
  ) {
    self.permissions = permissions
    self.user = user
    self.group = group
    self.size = size
    self.accessed = accessed
    self.modified = modified
  }
}
