package import Logging
package import MediaFSEngine
import PosixIO
import Synchronization
package import SystemPackage

/// Answers the commands of one mount at a Unix socket.
///
/// Each client has a thread of its own: one that sends nonsense, stalls or goes away hurts itself
/// only. The end comes in two steps, because a command that unmounts waits for the end of its
/// connection: ``quiesce()`` while the volume still runs, ``close()`` when everything is on disk.
package final class ControlServer: Sendable {
  /// More clients than this are turned away: an operator has a few terminals, and each client
  /// costs a thread.
  static let maximumClients = 32

  /// Asked for by ``ControlRequest/shutdown``; returns at once.
  package typealias ShutdownHook = @Sendable () -> Void

  struct State {
    var sessions: [ObjectIdentifier: ControlSession] = [:]
    var activeRequests = 0
    var isQuiescing = false
    var whenQuiet: CheckedContinuation<Void, Never>?
  }

  let control: any VolumeControl
  let executor: any TaskExecutor
  let onShutdown: ShutdownHook
  let log: Logger
  private let path: String
  private let listener: FileDescriptor
  private let state = Mutex(State())

  /// - Parameters:
  ///   - path: of the socket; its directory must be private already.
  ///   - executor: runs `flush` and `verify`, which may block on the disk.
  package init(
    path: String, control: any VolumeControl, executor: any TaskExecutor, log: Logger,
    onShutdown: @escaping ShutdownHook
  ) throws(Errno) {
    self.path = path
    self.control = control
    self.executor = executor
    self.log = log
    self.onShutdown = onShutdown
    listener = try UnixSocket.listen(at: path)
    try Self.startThread("control") { [listener, weak self] in
      while let socket = UnixSocket.accept(listener) {
        guard let self else { break }
        self.serve(socket)
      }
      try? listener.close()
    }
  }

  /// Refuses further requests and returns when none is being answered any more; long work is
  /// cancelled. Connections stay open.
  package func quiesce() async {
    let sessions = state.withLock { state in
      state.isQuiescing = true
      return Array(state.sessions.values)
    }
    for session in sessions { session.cancelWork() }
    await withCheckedContinuation { continuation in
      let isQuiet = state.withLock { state in
        if state.activeRequests > 0 { state.whenQuiet = continuation }
        return state.activeRequests == 0
      }
      if isQuiet { continuation.resume() }
    }
  }

  /// Ends all connections and removes the socket.
  package func close() {
    // Wakes accept(2), which close(2) would not; its thread then closes the descriptor.
    UnixSocket.stopListening(listener)
    UnixSocket.remove(path)
    for session in state.withLock({ Array($0.sessions.values) }) { session.hangUp() }
  }
}

// MARK: - Sessions

extension ControlServer {
  /// In bytes: enough for the JSON of our messages, and for SQLite beneath `status`.
  private static let stackSize = 1 << 20

  private static func startThread(
    _ name: String, _ body: @escaping @Sendable () -> Void
  ) throws(Errno) {
    guard DetachedThread(name: name, body).start(stackSize: stackSize) else {
      throw .resourceTemporarilyUnavailable
    }
  }

  private func serve(_ socket: FileDescriptor) {
    let session = ControlSession(LineChannel(owning: socket), server: self)
    let isAdmitted = state.withLock { state in
      guard state.sessions.count < Self.maximumClients, !state.isQuiescing else { return false }
      state.sessions[ObjectIdentifier(session)] = session
      return true
    }
    guard isAdmitted else {
      log.warning("a client of the control socket was turned away")
      return session.hangUp()
    }
    do {
      try Self.startThread("control-client") {
        session.run()
        self.remove(session)
      }
    } catch {
      log.error("no thread for a client of the control socket", metadata: ["error": "\(error)"])
      remove(session)
    }
  }

  private func remove(_ session: ControlSession) {
    state.withLock { _ = $0.sessions.removeValue(forKey: ObjectIdentifier(session)) }
  }

  /// False when the daemon is about to end.
  func beginRequest() -> Bool {
    state.withLock { state in
      if !state.isQuiescing { state.activeRequests += 1 }
      return !state.isQuiescing
    }
  }

  func endRequest() {
    let waiter = state.withLock { state in
      state.activeRequests -= 1
      guard state.activeRequests == 0 else { return nil as CheckedContinuation<Void, Never>? }
      defer { state.whenQuiet = nil }
      return state.whenQuiet
    }
    waiter?.resume()
  }

  var isQuiescing: Bool { state.withLock { $0.isQuiescing } }
}
