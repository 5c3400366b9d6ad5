import Glibc
import MediaFSTesting
import SystemPackage
import Testing

@testable import mediafs

@Suite struct ReadyPipeTests {
  @Test func carriesSuccess() {
    #expect(ReadyPipe.decode(ReadyPipe.encode(nil)) == .ready)
  }

  @Test func carriesStatusAndCauseInOneLine() {
    let failure = Failure(.clockSkew, "the clock\nis wrong")
    #expect(
      ReadyPipe.decode(ReadyPipe.encode(failure))
        == .failed(status: 12, cause: "the clock is wrong"))
  }

  @Test(arguments: ["", "\n", "rea", "failed", "failed x y", "failed 1\n", "nonsense 1 a"])
  func anythingElseIsADeath(_ line: String) {
    #expect(ReadyPipe.decode(line) == .died)
  }
}

@Suite struct ServiceNotifierTests {
  @Test func tellsTheManager() throws {
    let directory = try TemporaryDirectory()
    let manager = try DatagramSocket(at: directory.path + "/notify")
    let notifier = ServiceNotifier(["NOTIFY_SOCKET": directory.path + "/notify"])
    notifier.ready("serving /srv/media")
    #expect(try manager.receive() == "READY=1\nSTATUS=serving /srv/media")
    notifier.stopping("bye")
    #expect(try manager.receive() == "STOPPING=1\nSTATUS=bye")
  }

  @Test func speaksToAbstractNames() throws {
    let name = "@mediafs-test-\(getpid())"
    let manager = try DatagramSocket(at: name)
    ServiceNotifier(["NOTIFY_SOCKET": name]).ready("x")
    #expect(try manager.receive() == "READY=1\nSTATUS=x")
  }

  @Test func nobodyHasToListen() {
    ServiceNotifier([:]).ready("x")
    ServiceNotifier(["NOTIFY_SOCKET": "/nonexistent/socket"]).ready("x")
    ServiceNotifier(["NOTIFY_SOCKET": "vsock:2:1"]).ready("x")
  }
}

@Suite struct LogRecordTests {
  private let record = LogRecord(
    time: "T", level: "info", module: "Engine", message: "Uploaded",
    fields: [("path", "a b\n\u{1B}[2J"), ("size", "12"), ("level", "x")])

  @Test func textIsOneLine() {
    #expect(
      record.line(.text)
        == #"T info Engine: Uploaded path="a b\n\u{1B}[2J" size=12 level=x"# + "\n")
  }

  @Test func jsonIsOneObject() throws {
    let line = record.line(.json)
    #expect(line.filter(\.isNewline) == "\n")
    let json = try JSON(parsing: line)
    #expect(json["message"]?.text == "Uploaded")
    #expect(json["path"]?.text == "a b\n\u{1B}[2J")
    #expect(json["level"]?.text == "info" && json["field_level"]?.text == "x")
  }

  @Test func messagesCannotForgeLines() {
    let record = LogRecord(
      time: "T", level: "info", module: "E", message: "a\nT error E: b", fields: [])
    #expect(record.line(.text).filter(\.isNewline) == "\n")
  }

  @Test func timesAreUTC() {
    #expect(LogTime.format(seconds: 1_795_231_742, milliseconds: 5) == "2026-11-21T03:29:02.005Z")
  }
}
