package import MediaFSCore
package import MediaFSEngine
package import SystemPackage

extension MemoryTree {
  /// What open(2) takes, once the kernel has followed links and looked at the kind.
  func checkFile(_ inode: InodeNumber) throws(Errno) {
    switch try node(inode).content {
    case .bytes: break
    case .children: throw .isDirectory
    case .target, .none: throw .invalidArgument
    }
  }

  /// fallocate(2)
  package mutating func allocate(
    _ inode: InodeNumber, _ range: Range<Int64>, _ allocation: Allocation
  ) throws(Errno) {
    let size = try node(inode).attributes.size
    let zeros: Range<Int64>
    let end: Int64
    switch allocation {
    case .reserve(let keepingSize): (zeros, end) = (size..<size, keepingSize ? 0 : range.upperBound)
    case .punchHole: (zeros, end) = (range, 0)
    case .zero(let keepingSize): (zeros, end) = (range, keepingSize ? 0 : range.upperBound)
    }
    let inside = zeros.clamped(to: 0..<size)
    try write(inode, at: inside.lowerBound, [UInt8](repeating: 0, count: inside.count))
    if end > size { try truncate(inode, to: end) }
  }

  /// lseek(2), for a filesystem without holes but the one behind the end.
  package func seek(
    _ inode: InodeNumber, from offset: Int64, to target: SeekTarget
  ) throws(Errno) -> Int64 {
    let size = try node(inode).attributes.size
    guard offset >= 0, offset < size else { throw .noSuchAddressOrDevice }
    return target == .data ? offset : size
  }
}
