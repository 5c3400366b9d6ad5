/// The server's side of one connection, for the step of a script that answers a request.
final class Peer {
  private let socket: Socket
  private let connection: Int
  private var unread: [UInt8] = []
  private(set) var isOpen = true
  private(set) var request: ReceivedRequest?
  /// Told of a request whose body has been read.
  var record: ((ReceivedRequest) -> Void)?

  init(_ socket: Socket, connection: Int) {
    self.socket = socket
    self.connection = connection
  }

  /// False when the client has gone.
  func readHead() -> Bool {
    let end = Array("\r\n\r\n".utf8)
    while true {
      if let range = unread.firstRange(of: end) {
        request = ReceivedRequest(head: Array(unread[..<range.lowerBound]), connection: connection)
        unread.removeFirst(range.upperBound)
        return request != nil
      }
      guard receive() else { return false }
    }
  }

  /// Takes the body as far as it comes.
  func readBody() {
    guard var request else { return }
    while unread.count < request.bodyLength, receive() {}
    request.body = Array(unread.prefix(request.bodyLength))
    unread.removeFirst(request.body.count)
    self.request = request
    record?(request)
  }

  /// Returns when the client has closed the connection.
  func readToEnd() {
    while receive() {}
    isOpen = false
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    if isOpen { isOpen = socket.send(bytes) }
    return isOpen
  }

  func isBlocked(for milliseconds: Int32) -> Bool { socket.isBlocked(for: milliseconds) }

  func close() {
    isOpen = false
    socket.shutDown()
  }

  private func receive() -> Bool {
    let bytes = socket.receive(upTo: 64 << 10)
    unread += bytes
    return !bytes.isEmpty
  }
}
