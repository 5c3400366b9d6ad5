import Glibc
import Logging
import MediaFSEngine
import Synchronization
import SystemPackage

/// One client of the control socket, on its own thread.
final class ControlSession: Sendable {
  /// How long a client may think between requests; then the thread is better used by another.
  private static let patience: Duration = .seconds(60)
  /// How often long work tells how far it is.
  private static let progressInterval: Duration = .milliseconds(250)

  private let channel: LineChannel
  /// Outlives its sessions: the thread of a session holds both.
  private unowned let server: ControlServer
  private let work = Mutex<Task<Void, Never>?>(nil)

  init(_ channel: LineChannel, server: ControlServer) {
    self.channel = channel
    self.server = server
  }

  /// Serves until the client closes, misbehaves or ``hangUp()`` is called.
  func run() {
    do {
      while let line = try channel.readLine(patience: Self.patience) {
        guard let request = MessageCoding.message(ControlRequest.self, line) else {
          try send(.failure(ControlFailure(code: EINVAL, message: "not a request of this version")))
          return
        }
        try answer(request)
      }
    } catch {
      server.log.debug(
        "a client of the control socket was cut off", metadata: ["error": "\(error)"])
    }
  }

  func hangUp() {
    channel.shutDown()
  }

  func cancelWork() {
    work.withLock { $0?.cancel() }
  }

  private func answer(_ request: ControlRequest) throws {
    guard server.beginRequest() else {
      return try send(.failure(ControlFailure(code: ESHUTDOWN, message: "the daemon is ending")))
    }
    defer { server.endRequest() }
    do {
      try send(try reply(to: request))
    } catch let error as FileSystemError {
      try send(.failure(ControlFailure(error)))
    }
    if request == .shutdown { server.onShutdown() }
  }

  private func reply(to request: ControlRequest) throws -> ControlReply {
    let control = server.control
    switch request {
    case .status: return .status(volume: try control.status())
    case .pending(let path): return .pending(left: try control.pending(beneath: path))
    case .retry(let path): return .retried(items: try control.retry(beneath: path))
    case .flush(let path):
      return try run {
        try await control.flush(beneath: path)
        return .done
      } progress: {
        .progress(left: try control.pending(beneath: path))
      }
    case .verify(let path, let repairing):
      let checked = Checked()
      return try run {
        .verified(
          try await control.verify(beneath: path, repairing: repairing) { count in
            checked.count.withLock { $0 = count }
          })
      } progress: {
        .checked(checked.count.withLock { $0 })
      }
    case .pause: control.setPaused(true)
    case .resume: control.setPaused(false)
    case .shutdown: break
    }
    return .done
  }

  private func send(_ reply: ControlReply) throws {
    try channel.write(MessageCoding.line(reply))
  }
}

// MARK: - Long work

extension ControlSession {
  /// Tells of the progress until the work has ended; ends it when the client goes away.
  private func run(
    _ body: @escaping @Sendable () async throws -> ControlReply,
    progress: () throws -> ControlReply
  ) throws -> ControlReply {
    let (ended, endMark) = try FileDescriptor.pipe()
    defer { try? ended.close() }
    let outcome = Outcome()
    let task = Task(executorPreference: server.executor) {
      let reply: ControlReply
      do {
        reply = try await body()
      } catch let error as FileSystemError {
        reply = .failure(ControlFailure(error))
      } catch {
        reply = .failure(ControlFailure(code: EIO, message: "\(error)"))
      }
      outcome.reply.withLock { $0 = reply }
      // The reader sees the end of the pipe.
      try? endMark.close()
    }
    work.withLock { $0 = task }
    defer { work.withLock { $0 = nil } }
    if server.isQuiescing { task.cancel() }
    follow(until: ended, task, progress)
    return outcome.reply.withLock { $0 }
  }

  private func follow(
    until ended: FileDescriptor, _ task: Task<Void, Never>, _ progress: () throws -> ControlReply
  ) {
    while true {
      switch channel.waitForHangUp(orReadable: ended, timeout: Self.progressInterval) {
      case .readable: return
      case .hungUp: return abandon(task, ended)
      case .timedOut:
        do {
          try send(try progress())
        } catch is FileSystemError {
          continue
        } catch {
          return abandon(task, ended)
        }
      }
    }
  }

  /// Nobody waits for the work any more; returns when it has noticed.
  private func abandon(_ task: Task<Void, Never>, _ ended: FileDescriptor) {
    task.cancel()
    _ = try? unsafe withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) {
      try unsafe ended.read(into: $0)
    }
  }

  private final class Outcome: Sendable {
    let reply = Mutex<ControlReply>(.done)
  }

  /// How far a verification is.
  private final class Checked: Sendable {
    let count = Mutex(VolumeStatus.Count())
  }
}

extension ControlFailure {
  init(_ error: FileSystemError) {
    self.init(code: error.errno.rawValue, message: error.message)
  }
}
