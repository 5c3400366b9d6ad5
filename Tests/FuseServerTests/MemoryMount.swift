import Foundation
import Glibc
import PosixIO
import SystemPackage
import Testing

/// A ``MemoryFileSystem`` mounted by a process of its own, for the time of one test.
final class MemoryMount {
  /// How long a test waits for what must happen; only a failure takes it.
  static let deadline: CInt = 30_000  // milliseconds

  let mountpoint: FilePath
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var unread: [UInt8] = []

  /// - Parameter mountpoint: `nil` makes one.
  init(at mountpoint: FilePath? = nil, source: String = "memory") throws {
    self.mountpoint = try mountpoint ?? Self.makeDirectory()
    let binaries = FilePath(
      try FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/self/exe")
    ).removingLastComponent()
    process.executableURL = URL(filePath: binaries.appending("memoryfs").string)
    process.arguments = [self.mountpoint.string, source]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    // Ours would keep the pipe open after the end of the process.
    try output.fileHandleForWriting.close()
    try input.fileHandleForReading.close()
  }

  static func makeDirectory() throws -> FilePath {
    var template = Array("/tmp/memoryfs.XXXXXX\0".utf8CString.dropLast())
    guard let path = unsafe mkdtemp(&template) else { throw Errno(rawValue: errno) }
    return unsafe FilePath(platformString: path)
  }

  var processIdentifier: pid_t { process.processIdentifier }

  func path(_ name: String) -> FilePath {
    FilePath(mountpoint.string + "/" + name)
  }

  /// The next word the process says; `nil` when it has ended.
  func nextLine() throws -> String? {
    let descriptor = output.fileHandleForReading.fileDescriptor
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: unread[..<end], as: UTF8.self)
        unread.removeFirst(end + 1)
        return line
      }
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&request, 1, Self.deadline) > 0 else { throw Errno.timedOut }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
      if count <= 0 { return nil }
      unread += buffer.prefix(count)
    }
  }

  func expect(_ word: String) throws {
    #expect(try nextLine() == word)
  }

  func tell(_ word: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data((word + "\n").utf8))
  }

  /// Asks the process to unmount and to end; returns what else it said.
  func stop() throws -> [String] {
    try input.fileHandleForWriting.close()
    var lines: [String] = []
    while let line = try nextLine() { lines.append(line) }
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return lines
  }

  /// Leaves neither process nor mount behind, however the test went.
  func end() {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    let flags = CInt(MNT_FORCE | MNT_DETACH)
    _ = unsafe mountpoint.withPlatformString { unsafe umount2($0, flags) }
    try? FileTree.removeDirectory(mountpoint)
  }
}

/// Runs `body` on a mount that serves, and checks that it ends well.
func withMemoryMount(
  source: String = "memory", _ body: (MemoryMount) throws -> Void
) throws {
  let mount = try MemoryMount(source: source)
  defer { mount.end() }
  try mount.expect("mounted")
  try body(mount)
  #expect(try mount.stop().last == "unmounted")
}

/// The line of a mount in the kernel's table.
func mountTableLine(of path: FilePath) throws -> String? {
  try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8).split(separator: "\n")
    .first { $0.contains(" \(path) ") }.map(String.init)
}
