import CLinux
import Glibc
package import SystemPackage

extension Descriptor where Self: ~Copyable {
  /// Gives the disk space of a range back; it reads as zeros, the size stays.
  ///
  /// Only whole blocks are freed, the rest is zeroed. `EOPNOTSUPP` where the disk cannot do it.
  package func punchHole(_ range: Range<Int64>) throws(Errno) {
    if range.isEmpty { return }
    let mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
    try withNumber { number throws(Errno) in
      _ = try retrying { fallocate(number, mode, Int(range.lowerBound), range.count) }
    }
  }

  /// Makes this file share all blocks of `source`, in no time and for no space.
  ///
  /// `EOPNOTSUPP`, `EXDEV` or `EINVAL` where the disk cannot do it: copy then. ioctl_ficlone(2)
  package func reflink(
    from source: borrowing some Descriptor & ~Copyable
  ) throws(Errno) {
    try source.withNumber { source throws(Errno) in
      try withNumber { number throws(Errno) in
        _ = try retrying { ioctl(number, linux_ficlone, source) }
      }
    }
  }

  /// The ranges within `range` that are allocated, in order; the gaps are holes. lseek(2)
  ///
  /// A disk that knows no holes gives one range. Moves the file position, which nobody here uses.
  package func dataExtents(in range: Range<Int64>) throws(Errno) -> [Range<Int64>] {
    try withNumber { number throws(Errno) in
      var extents: [Range<Int64>] = []
      var position = range.lowerBound
      while position < range.upperBound {
        let start: Int64
        do throws(Errno) {
          start = try retrying { Int64(lseek(number, Int(position), linux_seek_data)) }
        } catch {
          guard error == .noSuchAddressOrDevice else { throw error }
          break  // Nothing but a hole up to the end of the file.
        }
        if start >= range.upperBound { break }
        let end = try retrying { Int64(lseek(number, Int(start), linux_seek_hole)) }
        extents.append(start..<min(end, range.upperBound))
        position = end
      }
      return extents
    }
  }
}
