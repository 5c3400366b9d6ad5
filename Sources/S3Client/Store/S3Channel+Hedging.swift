/// Reads that are late are asked for once more while the first answer is awaited, and the one that
/// begins first is taken (hedged requests). One server or connection of many that stands still then
/// costs twice the usual time, and not the patience.
extension S3Channel {
  private enum Event: Sendable {
    case answer(Result<HTTPResponse, HTTPTransportError>)
    case late
  }

  /// - Parameter send: makes the request anew and sends it.
  func hedged(
    after lateness: Duration,
    _ send: @escaping @Sendable () async throws(HTTPTransportError) -> HTTPResponse
  ) async throws(HTTPTransportError) -> HTTPResponse {
    let outcome = await withTaskGroup(of: Event.self) { group in
      group.addTask { await Self.outcome(of: send) }
      group.addTask {
        try? await self.environment.sleep(lateness)
        return .late
      }
      var pending = 1
      var outcome: Result<HTTPResponse, HTTPTransportError>?
      while pending > 0, let event = await group.next() {
        switch event {
        case .late:
          guard !Task.isCancelled, self.takesHedge() else { break }
          pending += 1
          group.addTask { await Self.outcome(of: send) }
        case .answer(let result):
          pending -= 1
          // A store that has too much to do refuses the second one, and answers the first.
          if Self.isAnswer(result) { pending = 0 }
          // What the store says tells more than a connection that was lost.
          if case .success = outcome, case .failure = result { break }
          if case .success(let worse) = outcome { worse.body.cancel() }
          outcome = result
        }
      }
      group.cancelAll()
      for await case .answer(.success(let slower)) in group { slower.body.cancel() }
      return outcome ?? .failure(.cancelled)
    }
    return try outcome.get()
  }

  private static func isAnswer(_ result: Result<HTTPResponse, HTTPTransportError>) -> Bool {
    guard case .success(let response) = result else { return false }
    return response.status < 500 && response.status != 429
  }

  private static func outcome(
    of send: @Sendable () async throws(HTTPTransportError) -> HTTPResponse
  ) async -> Event {
    do throws(HTTPTransportError) {
      return .answer(.success(try await send()))
    } catch {
      return .answer(.failure(error))
    }
  }
}
