/// Stands between a mount and a real server: counts requests, slows them, breaks them.
package final class S3Proxy: Sendable {
  /// The server's, but for the address.
  package let access: S3Access
  private let process: Dialogue

  /// A request as it went through.
  package struct Request: Sendable {
    package let method: String
    package let path: String
    package let query: String
    /// `bytes=0-1023`.
    package let range: String?
    /// `nil` while it is under way.
    package let status: Int?
    /// It tells the store to copy an object or a part of one.
    package let copies: Bool
    /// Bytes of the request's body.
    package let received: Int
    /// Bytes of the answer's body.
    package let sent: Int
  }

  package init(to server: S3Access) throws {
    process = try Dialogue(["python3", TestEnvironment.server("s3proxy.py"), server.address])
    let port = try process.line(within: .seconds(30))
    var access = server
    access.url = "http://127.0.0.1:\(port)"
    self.access = access
  }

  /// - Parameter bytesPerSecond: of answers, over all connections; 0 lifts the limit.
  package func limit(bytesPerSecond: Int) throws {
    _ = try process.ask("limit \(bytesPerSecond)")
  }

  /// Refuses connections and resets the open ones, like a server that was stopped.
  package func stop() throws {
    _ = try process.ask("stop")
  }

  package func start() throws {
    _ = try process.ask("start")
  }

  /// Takes requests and answers nothing until ``resume()``.
  package func hang() throws {
    _ = try process.ask("hang")
  }

  package func resume() throws {
    _ = try process.ask("resume")
  }

  /// Answers every request with an S3 error from now on.
  package func fail(status: Int, code: String) throws {
    _ = try process.ask("fail \(status) \(code)")
  }

  /// Answers every request of a method with an S3 error from now on; `COPY` stands for copies of
  /// whole objects.
  package func refuse(_ method: String, status: Int, code: String) throws {
    _ = try process.ask("refuse \(method) \(status) \(code)")
  }

  /// Ends what ``fail(status:code:)`` and ``refuse(_:status:code:)`` began.
  package func admit() throws {
    _ = try process.ask("fail")
  }

  /// Hits requests with `probability`, each with a fault that is drawn from `seed`; 0 ends it.
  ///
  /// - Parameter kinds: those of `faults.py`; none for all.
  package func faults(probability: Double, seed: Int, kinds: [String] = []) throws {
    let only = kinds.isEmpty ? "" : " " + kinds.joined(separator: ",")
    let answer = try JSON(parsing: try process.ask("faults \(seed) \(probability)\(only)"))
    if let error = answer["error"]?.text { throw HarnessError(error) }
  }

  /// What has come in since the start or the last ``clear()``.
  package struct Load: Sendable {
    package let requests: Int
    /// The most requests that began within one second.
    package let peak: Int
    /// From the first request to the last.
    package let seconds: Double
    /// How often each fault has hit.
    package let faults: [String: Int]
    /// How many requests there were of each method.
    package let methods: [String: Int]
  }

  package func load() throws -> Load {
    let load = try JSON(parsing: try process.ask("load"))
    guard case .object(let faults) = load["faults"], case .object(let methods) = load["methods"]
    else { throw HarnessError("\(load)") }
    return Load(
      requests: load["requests"]?.int ?? 0, peak: load["peak"]?.int ?? 0,
      seconds: load["seconds"]?.number ?? 0, faults: faults.compactMapValues(\.int),
      methods: methods.compactMapValues(\.int))
  }

  package func clear() throws {
    _ = try process.ask("clear")
  }

  /// All requests since the start or the last ``clear()``.
  package func requests() throws -> [Request] {
    try JSON(parsing: try process.ask("requests")).list.map { entry in
      Request(
        method: entry["method"]?.text ?? "", path: entry["path"]?.text ?? "",
        query: entry["query"]?.text ?? "", range: entry["range"]?.text,
        status: entry["status"]?.int, copies: entry["copies"] == .bool(true),
        received: entry["received"]?.int ?? 0,
        sent: entry["sent"]?.int ?? 0)
    }
  }
}
