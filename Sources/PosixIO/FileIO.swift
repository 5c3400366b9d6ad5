import CLinux
import Glibc
package import SystemPackage

extension Descriptor where Self: ~Copyable {
  /// Reads until `buffer` is full or the file ends; returns the bytes read. pread(2)
  package func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(Errno) -> Int {
    try withNumber { number throws(Errno) in
      var done = 0
      while done < buffer.count {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        let count = try retrying {
          unsafe pread(number, rest.baseAddress, rest.count, Int(offset) + done)
        }
        if count == 0 { break }
        done += count
      }
      return done
    }
  }

  /// Up to `count` bytes; fewer only where the file ends.
  package func read(count: Int, at offset: Int64) throws(Errno) -> [UInt8] {
    var failure: Errno?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(Errno) {
        initialized = try unsafe read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Writes all of `buffer` or throws; some of it may be written then. pwrite(2)
  package func write(_ buffer: UnsafeRawBufferPointer, at offset: Int64) throws(Errno) {
    try withNumber { number throws(Errno) in
      var done = 0
      while done < buffer.count {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
        done += try retrying {
          unsafe pwrite(number, rest.baseAddress, rest.count, Int(offset) + done)
        }
      }
    }
  }

  package func write(_ bytes: [UInt8], at offset: Int64) throws(Errno) {
    var failure: Errno?
    unsafe bytes.withUnsafeBytes { buffer in
      do throws(Errno) { try unsafe write(buffer, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Makes the file `size` bytes long; what is new reads as zeros and takes no space.
  package func truncate(to size: Int64) throws(Errno) {
    try withNumber { number throws(Errno) in _ = try retrying { ftruncate(number, Int(size)) } }
  }

  /// Content and whatever is needed to find it again survive a power cut. fdatasync(2)
  package func synchronizeData() throws(Errno) {
    try withNumber { number throws(Errno) in _ = try retrying { fdatasync(number) } }
  }

  /// Content and all metadata survive a power cut; of a directory, its names. fsync(2)
  package func synchronize() throws(Errno) {
    try withNumber { number throws(Errno) in _ = try retrying { fsync(number) } }
  }

  package func status() throws(Errno) -> FileStatus {
    try withNumber { number throws(Errno) in
      var value = stat()
      try retrying { unsafe fstat(number, &value) }
      return FileStatus(value)
    }
  }

  package func setPermissions(_ permissions: FilePermissions) throws(Errno) {
    try withNumber { number throws(Errno) in
      _ = try retrying { fchmod(number, permissions.rawValue) }
    }
  }

  /// Nanoseconds since 1970; `nil` leaves a time as it is. futimens(2)
  package func setTimes(accessed: Int64?, modified: Int64?) throws(Errno) {
    let times = [timespec(omittable: accessed), timespec(omittable: modified)]
    try withNumber { number throws(Errno) in _ = try retrying { unsafe futimens(number, times) } }
  }

  /// Whether another open file of it is there, or a mapping; `nil` where that cannot be told. A
  /// lease is refused then (fcntl(2), F_SETLEASE). Who breaks it, in the moment that it is there,
  /// sends a signal: one that does nothing, instead of SIGIO.
  package func isUsedElsewhere() -> Bool? {
    do throws(Errno) {
      return try withNumber { number throws(Errno) in
        try retrying { fcntl(number, linux_f_setsig, SIGURG) }
        try retrying { fcntl(number, linux_f_setlease, F_WRLCK) }
        try retrying { fcntl(number, linux_f_setlease, F_UNLCK) }
        return false
      }
    } catch {
      return error == .resourceTemporarilyUnavailable ? true : nil
    }
  }

  /// Takes the lock that flock(2) gives to one open file, or returns false when another has it.
  /// It ends with the last descriptor of the open file, also when the process dies.
  package func tryLock() throws(Errno) -> Bool {
    try withNumber { number throws(Errno) in
      do throws(Errno) {
        try retrying { flock(number, LOCK_EX | LOCK_NB) }
        return true
      } catch {
        guard error == .wouldBlock else { throw error }
        return false
      }
    }
  }
}

extension timespec {
  init(omittable nanoseconds: Int64?) {
    guard let nanoseconds else {
      self.init(tv_sec: 0, tv_nsec: linux_utime_omit)
      return
    }
    let billion: Int64 = 1_000_000_000
    let rest = (nanoseconds % billion + billion) % billion
    self.init(tv_sec: Int((nanoseconds - rest) / billion), tv_nsec: Int(rest))
  }
}
