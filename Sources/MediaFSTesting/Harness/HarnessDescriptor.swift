import Glibc

/// A descriptor of the harness's own, closed with its owner and never inherited by a child.
final class HarnessDescriptor: Sendable {
  let number: CInt

  init(_ number: CInt) {
    self.number = number
  }

  deinit {
    close(number)
  }

  /// A file without a name, for the output of a child.
  static func unnamedFile() throws -> HarnessDescriptor {
    let path = "/tmp/mediafs-output-\(UInt64.random(in: 0 ... .max))"
    let number = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw HarnessError("\(path): errno \(errno)") }
    unsafe unlink(path)
    return HarnessDescriptor(number)
  }

  static func null() throws -> HarnessDescriptor {
    let number = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
    guard number >= 0 else { throw HarnessError("/dev/null: errno \(errno)") }
    return HarnessDescriptor(number)
  }

  /// Two ends of a dialogue. Sockets, since pipe(2) cannot keep them from children atomically.
  static func pair() throws -> (HarnessDescriptor, HarnessDescriptor) {
    var numbers: [CInt] = [0, 0]
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &numbers) == 0 else {
      throw HarnessError("socketpair: errno \(errno)")
    }
    return (HarnessDescriptor(numbers[0]), HarnessDescriptor(numbers[1]))
  }

  /// All that was written to a file so far.
  func contents() -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe pread(number, &buffer, buffer.count, off_t(bytes.count))
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
    }
  }

  /// To a socket; a peer that has gone is an error, not a signal.
  func send(_ text: String) throws {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(number, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw HarnessError("send: errno \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  /// Some bytes, or none at the end; throws when the deadline passes first.
  func read(by deadline: Deadline, waitingFor what: String) throws -> [UInt8] {
    while true {
      var request = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
      let ready = unsafe poll(&request, 1, deadline.milliseconds)
      if ready > 0 { break }
      if deadline.hasPassed { throw DeadlinePassed(what) }
    }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe Glibc.read(number, &buffer, buffer.count)
    guard count >= 0 else { throw HarnessError("read: errno \(errno)") }
    return Array(buffer[..<count])
  }
}

/// The harness itself could not do its part.
package struct HarnessError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
