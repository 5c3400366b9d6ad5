import Glibc
import Synchronization

/// A program that answers each line with one line, and ends when its input closes.
///
/// Since the kernel closes that input with the test process, however it ends, nothing stays behind.
package final class Dialogue: Sendable {
  package let process: ChildProcess
  private let socket: HarnessDescriptor
  private let unread = Mutex<[UInt8]>([])

  package init(_ command: [String], environment: [String: String] = [:]) throws {
    let (ours, theirs) = try HarnessDescriptor.pair()
    socket = ours
    process = try ChildProcess(command, environment: environment, peer: theirs)
  }

  deinit {
    close()
    _ = try? process.wait(within: .seconds(30))
  }

  /// The next line that it prints, without the line feed.
  package func line(within duration: Duration) throws -> String {
    let deadline = Deadline(in: duration)
    return try unread.withLock { unread in
      while true {
        if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
          let line = String(decoding: unread[..<end], as: UTF8.self)
          unread.removeSubrange(...end)
          return line
        }
        let bytes = try socket.read(by: deadline, waitingFor: "a line of \(process.command)")
        guard !bytes.isEmpty else {
          throw HarnessError("\(process.command) has ended:\n\(process.standardError)")
        }
        unread += bytes
      }
    }
  }

  /// Says a line and waits for the answer.
  package func ask(_ line: String, within duration: Duration = .seconds(60)) throws -> String {
    try socket.send(line + "\n")
    return try self.line(within: duration)
  }

  /// Lets it end.
  package func close() {
    shutdown(socket.number, CInt(SHUT_WR))
  }
}
