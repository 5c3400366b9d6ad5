import CLinux
import Glibc
import MediaFSTesting

/// The file under test: one descriptor for everything, one with O_DIRECT.
final class TargetFile {
  private let path: String
  private var descriptor: CInt
  private var direct: CInt

  /// - Parameter keeps: the file has to be there, and stays as it is.
  init(_ path: String, keeps: Bool = false) throws {
    self.path = path
    descriptor = try Self.open(path, keeps ? 0 : O_CREAT | O_TRUNC)
    direct = try Self.open(path, linux_o_direct)
  }

  deinit {
    close(descriptor)
    close(direct)
  }

  private static func open(_ path: String, _ flags: CInt) throws -> CInt {
    let number = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC | flags, 0o644)
    return try Self.checked(number, "open")
  }

  @discardableResult
  private static func checked<Value: SignedInteger>(_ result: Value, _ call: String) throws -> Value
  {
    let code = errno
    guard result >= 0 else { throw Mismatch("\(call): errno \(code)") }
    return result
  }

  func reopen() throws {
    close(descriptor)
    close(direct)
    descriptor = try Self.open(path, 0)
    direct = try Self.open(path, linux_o_direct)
  }

  func size() throws -> Int {
    var information = stat()
    try Self.checked(unsafe fstat(descriptor, &information), "fstat")
    return Int(information.st_size)
  }

  /// Reads until the buffer is full or the file ends; the number of bytes.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    var done = 0
    while done < buffer.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = try Self.checked(
        unsafe pread(descriptor, rest.baseAddress, rest.count, offset + done), "pread")
      if count == 0 { break }
      done += count
    }
    return done
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    let count = try Self.checked(
      unsafe pwrite(descriptor, bytes.baseAddress, bytes.count, offset), "pwrite")
    guard count == bytes.count else { throw Mismatch("pwrite wrote \(count) bytes") }
  }

  func readDirectly(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    try Self.checked(
      unsafe pread(direct, buffer.baseAddress, buffer.count, offset), "pread with O_DIRECT")
  }

  func writeDirectly(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    let count = try Self.checked(
      unsafe pwrite(direct, bytes.baseAddress, bytes.count, offset), "pwrite with O_DIRECT")
    guard count == bytes.count else { throw Mismatch("pwrite with O_DIRECT wrote \(count) bytes") }
  }

  func truncate(to size: Int) throws {
    try Self.checked(ftruncate(descriptor, size), "ftruncate")
  }

  func allocate(_ mode: CInt, at offset: Int, count: Int) throws {
    try Self.checked(fallocate(descriptor, mode, offset, count), "fallocate of mode \(mode)")
  }

  func synchronize(dataOnly: Bool) throws {
    try Self.checked(dataOnly ? fdatasync(descriptor) : fsync(descriptor), "fsync")
  }

  func copy(from source: Int, to target: Int, count: Int) throws {
    var done = 0
    while done < count {
      var (from, to) = (source + done, target + done)
      let moved = try Self.checked(
        unsafe copy_file_range(
          descriptor, &from, descriptor, &to, UInt(count - done), 0), "copy_file_range")
      guard moved > 0 else { throw Mismatch("copy_file_range ended after \(done) bytes") }
      done += moved
    }
  }

  /// Lends a shared mapping of the pages that hold a range, from the range's first byte on.
  func withMapping(
    at offset: Int, count: Int, synchronizes: Bool,
    _ body: (UnsafeMutableRawBufferPointer) throws -> Void
  ) throws {
    let start = offset / Operation.block * Operation.block
    let length = offset + count - start
    let address = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, start)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw Mismatch("mmap: errno \(errno)")
    }
    let pages = unsafe UnsafeMutableRawBufferPointer(start: address, count: length)
    try unsafe body(UnsafeMutableRawBufferPointer(rebasing: pages[(offset - start)...]))
    if synchronizes { try Self.checked(unsafe msync(address, length, MS_SYNC), "msync") }
    try Self.checked(unsafe munmap(address, length), "munmap")
  }
}
