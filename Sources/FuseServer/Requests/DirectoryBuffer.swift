import CFuse3
import Glibc
import MediaFSCore
import MediaFSEngine

/// Packs entries the way the kernel reads them, up to the size it asked for.
struct DirectoryBuffer {
  /// READDIRPLUS: every entry brings its attributes, and counts as a lookup.
  let hasAttributes: Bool
  private let capacity: Int
  private(set) var bytes: [UInt8] = []
  /// Of the entries that count as lookups.
  private(set) var inodes: [InodeNumber] = []

  init(capacity: Int, hasAttributes: Bool) {
    self.capacity = capacity
    self.hasAttributes = hasAttributes
  }

  /// False when there is no room left.
  mutating func append(_ entry: DirectoryEntry) -> Bool {
    let start = bytes.count
    // Asked without a buffer, libfuse only tells the size.
    let size = unsafe Self.pack(entry, hasAttributes, into: nil, 0)
    guard start + size <= capacity else { return false }
    bytes.append(contentsOf: repeatElement(0, count: size))
    unsafe bytes.withUnsafeMutableBytes { [hasAttributes] buffer in
      let room = unsafe buffer.baseAddress?.advanced(by: start)
      _ = unsafe Self.pack(
        entry, hasAttributes, into: room?.assumingMemoryBound(to: CChar.self), size)
    }
    if hasAttributes, entry.entry != nil { inodes.append(entry.inode) }
    return true
  }

  private static func pack(
    _ entry: DirectoryEntry, _ hasAttributes: Bool, into buffer: UnsafeMutablePointer<CChar>?,
    _ size: Int
  ) -> Int {
    let next = Int(entry.nextOffset)
    if hasAttributes {
      var parameters = entry.kernelParameters
      return unsafe fuse_add_direntry_plus(nil, buffer, size, entry.name, &parameters, next)
    }
    var status = entry.kernelStatus
    return unsafe fuse_add_direntry(nil, buffer, size, entry.name, &status, next)
  }
}

extension DirectoryEntry {
  /// Of these READDIR takes the number and the kind.
  fileprivate var kernelStatus: stat {
    var status = stat()
    status.st_ino = UInt(bitPattern: Int(inode.value))
    status.st_mode = kind?.modeBits ?? 0
    return status
  }

  /// Without attributes: an entry of inode 0, which the kernel lists but does not remember.
  fileprivate var kernelParameters: fuse_entry_param {
    if let entry { return fuse_entry_param(entry) }
    var parameters = fuse_entry_param()
    parameters.attr = kernelStatus
    return parameters
  }
}
