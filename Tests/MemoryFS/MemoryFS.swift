import Foundation
import FuseServer
import Glibc
import Logging
import MediaFSCore
import MediaFSEngine
import MediaFSTesting
import PosixIO
import SystemPackage

/// `memoryfs MOUNTPOINT SOURCE`: serves a ``MemoryFileSystem`` until its standard input ends, so it
/// does not outlive the test that started it, and says what happens, one word a line.
@main
enum MemoryFS {
  static func main() {
    LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
    let arguments = CommandLine.arguments
    guard arguments.count == 3 else { return fail("usage: memoryfs MOUNTPOINT SOURCE") }
    let files = MemoryFileSystem(onStall: { say("stalled") })
    let server: FuseServer
    do throws(MountError) {
      server = try FuseServer.mount(
        files, at: FilePath(arguments[1]), options: MountOptions(source: arguments[2]),
        executor: BlockingExecutor(), log: Logger(label: "memoryfs"))
    } catch {
      return fail("\(error)")
    }
    say("mounted")
    Thread.detachNewThread { obey(files, server) }
    do throws(Errno) {
      try server.run()
    } catch {
      fail("the session ended early: \(error)")
    }
    say("unmounted")
  }

  /// A line is the name of a file in the root to be changed behind the kernel's back.
  private static func obey(_ files: MemoryFileSystem, _ server: FuseServer) {
    while let line = readLine() {
      guard let name = FileName(line) else { continue }
      guard let inode = files.appendBehindKernel([42], to: name) else { continue }
      say("appended")
      _ = readLine()
      if let used = FileName("in use") { server.kernelCache.invalidate(used, in: .root) {} }
      server.kernelCache.invalidate(inode)
    }
    server.stop()
  }

  @Sendable private static func say(_ word: String) {
    let line = Array((word + "\n").utf8)
    _ = unsafe line.withUnsafeBytes { unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  }

  private static func fail(_ reason: String) {
    say("failed: \(reason)")
    exit(1)
  }
}
