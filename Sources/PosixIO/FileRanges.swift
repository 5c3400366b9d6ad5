import CLinux
import Glibc
package import SystemPackage

extension Descriptor where Self: ~Copyable {
  /// Sets disk space aside for a range, so that writing there cannot find the disk full. Bytes and
  /// size stay as they are.
  ///
  /// `EOPNOTSUPP` where the disk cannot do it. fallocate(2)
  package func reserveSpace(_ range: Range<Int64>) throws(Errno) {
    if range.isEmpty { return }
    try withNumber { number throws(Errno) in
      _ = try retrying {
        fallocate(number, FALLOC_FL_KEEP_SIZE, Int(range.lowerBound), range.count)
      }
    }
  }

  /// Has the kernel begin to write a range to the disk, and returns: it is not there yet. Where
  /// that cannot be done it is written later on. sync_file_range(2)
  package func beginWriting(_ range: Range<Int64>) {
    try? withNumber { number throws(Errno) in
      _ = try retrying {
        sync_file_range(number, Int(range.lowerBound), range.count, linux_sync_file_range_write)
      }
    }
  }

  /// Makes a range read as zeros, as a hole where the disk can; the size stays, so the range should
  /// lie within it.
  package func clear(_ range: Range<Int64>) throws(Errno) {
    do throws(Errno) {
      try punchHole(range)
    } catch {
      guard error == .notSupported else { throw error }
      let zeros = [UInt8](repeating: 0, count: min(range.count, Self.copyBuffer))
      var position = range.lowerBound
      while position < range.upperBound {
        let count = min(zeros.count, Int(range.upperBound - position))
        try write(count == zeros.count ? zeros : Array(zeros.prefix(count)), at: position)
        position += Int64(count)
      }
    }
  }

  /// The first byte at or behind `offset` that is not in a hole; `nil` when there is none.
  ///
  /// Moves the file position, as the next one does; nobody here uses it. lseek(2), `SEEK_DATA`
  package func nextData(from offset: Int64) throws(Errno) -> Int64? {
    try nextPlace(linux_seek_data, from: offset)
  }

  /// The first hole at or behind `offset`, the end of the file included; `nil` behind that.
  package func nextHole(from offset: Int64) throws(Errno) -> Int64? {
    try nextPlace(linux_seek_hole, from: offset)
  }

  private func nextPlace(_ whence: CInt, from offset: Int64) throws(Errno) -> Int64? {
    do throws(Errno) {
      return try withNumber { number throws(Errno) in
        try retrying { Int64(lseek(number, Int(offset), whence)) }
      }
    } catch {
      guard error == .noSuchAddressOrDevice else { throw error }
      return nil
    }
  }

  /// Copies a range of another file to `offset` of this one; holes stay holes. Where the disk can
  /// share blocks between files it does, and no byte moves.
  ///
  /// Goes upwards, and makes the file longer only by what was copied: cut short by a crash, it has
  /// no zeros at its end that the source has not.
  package func copy(
    _ range: Range<Int64>, of source: borrowing some Descriptor & ~Copyable, to offset: Int64
  ) throws(Errno) {
    let shift = offset - range.lowerBound
    var position = range.lowerBound
    for data in try source.dataExtents(in: range) {
      try copyHole(position + shift..<data.lowerBound + shift)
      try copyData(data, of: source, to: data.lowerBound + shift)
      position = data.upperBound
    }
    try copyHole(position + shift..<range.upperBound + shift)
  }

  private func copyHole(_ range: Range<Int64>) throws(Errno) {
    guard !range.isEmpty else { return }
    let size = try status().size
    if size < range.upperBound { try truncate(to: range.upperBound) }
    let old = range.clamped(to: 0..<max(size, 0))
    if !old.isEmpty { try clear(old) }
  }

  /// In bytes; what is copied at once where the kernel cannot do it itself.
  private static var copyBuffer: Int { 1 << 20 }

  private func copyData(
    _ range: Range<Int64>, of source: borrowing some Descriptor & ~Copyable, to offset: Int64
  ) throws(Errno) {
    var done: Int64 = 0
    do throws(Errno) {
      while done < range.count {
        let count = try copyInKernel(
          range.lowerBound + done, Int(Int64(range.count) - done), of: source, to: offset + done)
        // The source is shorter than it was a moment ago.
        guard count > 0 else { throw Errno.ioError }
        done += Int64(count)
      }
    } catch {
      guard [.improperLink, .notSupported, .noFunction, .invalidArgument].contains(error) else {
        throw error
      }
      while done < range.count {
        let part = min(Self.copyBuffer, Int(Int64(range.count) - done))
        let bytes = try source.read(count: part, at: range.lowerBound + done)
        guard !bytes.isEmpty else { throw .ioError }
        try write(bytes, at: offset + done)
        done += Int64(bytes.count)
      }
    }
  }

  /// copy_file_range(2)
  private func copyInKernel(
    _ position: Int64, _ count: Int, of source: borrowing some Descriptor & ~Copyable,
    to offset: Int64
  ) throws(Errno) -> Int {
    try source.withNumber { source throws(Errno) in
      try withNumber { number throws(Errno) in
        var (from, to) = (Int(position), Int(offset))
        return try retrying { unsafe copy_file_range(source, &from, number, &to, UInt(count), 0) }
      }
    }
  }
}
