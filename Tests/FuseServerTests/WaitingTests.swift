import Foundation
import Glibc
import PosixIO
import Synchronization
import SystemPackage
import Testing

/// Requests that wait for as long as nobody cancels them.
@Suite struct WaitingTests {
  /// A read that blocks in a thread of its own.
  private final class BlockedRead: Sendable {
    private let thread = Mutex<pthread_t?>(nil)
    private let outcome = Mutex<Errno?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    init(_ path: FilePath, at offset: Int64, options: FileDescriptor.OpenOptions = []) {
      Thread.detachNewThread { [self] in
        // Threads of Dispatch block all signals, and what they start inherits that.
        var signals = sigset_t()
        unsafe sigaddset(&signals, SIGUSR1)
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        thread.withLock { $0 = pthread_self() }
        let error = Self.read(path, offset, options)
        thread.withLock { $0 = nil }
        outcome.withLock { $0 = error }
        isDone.signal()
      }
    }

    private static func read(
      _ path: FilePath, _ offset: Int64, _ options: FileDescriptor.OpenOptions
    ) -> Errno? {
      do throws(Errno) {
        let file = try OwnedDescriptor(opening: path, .readOnly, options: options)
        // One page and no more: without this the kernel asks for what comes next, too.
        _ = posix_fadvise(file.number, 0, 0, POSIX_FADV_RANDOM)
        var page = [UInt8](repeating: 0, count: 4096)
        let count = unsafe pread(file.number, &page, page.count, Int(offset))
        return count < 0 ? Errno(rawValue: errno) : nil
      } catch {
        return error
      }
    }

    func interrupt() {
      // Under the lock, because a thread that has ended must not be named any more.
      thread.withLock { thread in
        if let thread { pthread_kill(thread, SIGUSR1) }
      }
    }

    /// The error it ended with, `nil` for none.
    func finish() throws -> Errno? {
      guard isDone.wait(timeout: .now() + .seconds(30)) == .success else { throw Errno.timedOut }
      return outcome.withLock { $0 }
    }

    var isFinished: Bool {
      guard isDone.wait(timeout: .now()) == .success else { return false }
      isDone.signal()
      return true
    }
  }

  /// SIGUSR1 shall interrupt and do nothing else.
  private func handleSignal() {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in }
    #expect(unsafe sigaction(SIGUSR1, &action, nil) == 0)
  }

  @Test func aSignalEndsAWait() throws {
    handleSignal()
    try withMemoryMount { mount in
      _ = try OwnedDescriptor(opening: mount.path("stall"), .writeOnly, options: .create)
      // Past the page cache: the caller itself waits for the answer, and can be interrupted.
      let options = FileDescriptor.OpenOptions(rawValue: 0o40000)  // O_DIRECT
      let read = BlockedRead(mount.path("stall"), at: 0, options: options)
      try mount.expect("stalled")
      read.interrupt()
      #expect(try read.finish() == .interrupted)
    }
  }

  @Test func interruptsMayRaceWithAnswers() throws {
    handleSignal()
    try withMemoryMount { mount in
      let file = try OwnedDescriptor(opening: mount.path("file"), .writeOnly, options: .create)
      try file.write([UInt8](repeating: 7, count: 4096), at: 0)
      _ = try OwnedDescriptor(opening: mount.path("stall"), .writeOnly, options: .create)
      let options = FileDescriptor.OpenOptions(rawValue: 0o40000)  // O_DIRECT
      for round in 0..<100 {
        let name = round.isMultiple(of: 2) ? "stall" : "file"
        let reads = (0..<4).map { _ in BlockedRead(mount.path(name), at: 0, options: options) }
        let deadline = ContinuousClock.now + .seconds(30)
        while !reads.allSatisfy({ $0.isFinished }), ContinuousClock.now < deadline {
          for read in reads { read.interrupt() }
        }
        for read in reads {
          let error = try read.finish()
          #expect(error == .interrupted || (error == nil && name == "file"))
        }
      }
      #expect(try FileTree.status(of: mount.path("file")).size == 4096)
    }
  }

  /// Nor does it turn what has another reason into a wait that was cut short.
  @Test func aSignalHidesNoOtherError() throws {
    handleSignal()
    try withMemoryMount { mount in
      let read = BlockedRead(mount.path("late"), at: 0)
      try mount.expect("stalled")
      read.interrupt()
      #expect(try read.finish() == .noSuchFileOrDirectory)
    }
  }

  @Test func manyWaitsLeaveRoomForOthersAndEndWithTheMount() throws {
    let mount = try MemoryMount()
    defer { mount.end() }
    try mount.expect("mounted")
    _ = try OwnedDescriptor(opening: mount.path("stall"), .writeOnly, options: .create)
    let reads = (0..<200).map { BlockedRead(mount.path("stall"), at: Int64($0) << 20) }
    for _ in reads { try mount.expect("stalled") }
    _ = try OwnedDescriptor(opening: mount.path("other"), .writeOnly, options: .create)
    #expect(try FileTree.status(of: mount.path("other")).size == 0)
    #expect(reads.allSatisfy { !$0.isFinished })
    let lines = try mount.stop()
    #expect(lines.last == "unmounted")
    for read in reads { #expect(try read.finish() != nil) }
    #expect(try mountTableLine(of: mount.mountpoint) == nil)
  }
}
