import Foundation
import Synchronization

/// An HTTP server that follows a script: one reply for each request, in the order in which the
/// requests come, whatever their connections. Beyond the script it answers 418.
final class LoopbackServer: Sendable {
  private struct State {
    var script: ArraySlice<Reply>
    var connections: [Socket] = []
    var requests: [ReceivedRequest] = []
    var isStopped = false
  }

  private final class Shared: Sendable {
    let state: Mutex<State>
    init(_ script: [Reply]) { state = Mutex(State(script: script[...])) }
  }

  let port: Int
  private let listener: Socket
  private let shared: Shared

  init(_ script: [Reply]) throws {
    listener = try Socket(isListening: true)
    port = listener.port
    shared = Shared(script)
    Thread.detachNewThread { [listener, shared] in
      while let socket = listener.accept() { Self.start(socket, shared) }
    }
  }

  /// Ends every connection and its thread.
  deinit {
    listener.shutDown()
    let open = shared.state.withLock { state in
      state.isStopped = true
      return state.connections
    }
    for socket in open { socket.shutDown() }
  }

  /// Each with its body as soon as its reply has read that.
  var requests: [ReceivedRequest] { shared.state.withLock { $0.requests } }
  var connectionCount: Int { shared.state.withLock { $0.connections.count } }

  private static func start(_ socket: Socket, _ shared: Shared) {
    let number = shared.state.withLock { state -> Int? in
      if state.isStopped { return nil }
      state.connections.append(socket)
      return state.connections.count - 1
    }
    guard let number else { return }
    Thread.detachNewThread { serve(socket, number, shared) }
  }

  private static func serve(_ socket: Socket, _ number: Int, _ shared: Shared) {
    let peer = Peer(socket, connection: number)
    while peer.isOpen, peer.readHead() {
      guard let request = peer.request else { return socket.shutDown() }
      let (reply, index) = shared.state.withLock { state in
        state.requests.append(request)
        return (state.script.popFirst(), state.requests.count - 1)
      }
      // Before the answer, which the test may see first.
      peer.record = { request in shared.state.withLock { $0.requests[index] = request } }
      (reply ?? .answer(418)).perform(peer)
    }
    socket.shutDown()
  }
}
