/// Reads that are late are asked for once more while the first answer is awaited, and the one that
/// begins first is taken (hedged requests). One server or connection of many that stands still then
/// costs twice the usual time, and not the patience.
extension S3Channel {
  private enum Event: Sendable {
    case answer(Result<HTTPResponse, HTTPTransportError>)
    case late
  }

  /// - Parameter request: made for each attempt.
  func answer(
    within lateness: Duration, _ request: @escaping @Sendable () -> HTTPRequest
  ) async throws(HTTPTransportError) -> HTTPResponse {
    let outcome = await withTaskGroup(of: Event.self) { group in
      group.addTask { await self.send(request()) }
      group.addTask {
        try? await self.environment.sleep(lateness)
        return .late
      }
      var pending = 1
      var outcome = Result<HTTPResponse, HTTPTransportError>.failure(.cancelled)
      while pending > 0, let event = await group.next() {
        switch event {
        case .late:
          guard !Task.isCancelled, self.takesHedge() else { break }
          pending += 1
          group.addTask { await self.send(request()) }
        case .answer(let result):
          pending -= 1
          outcome = result
          if case .success = result { pending = 0 }
        }
      }
      group.cancelAll()
      for await case .answer(.success(let slower)) in group { slower.body.cancel() }
      return outcome
    }
    return try outcome.get()
  }

  private func send(_ request: HTTPRequest) async -> Event {
    do throws(HTTPTransportError) {
      return .answer(.success(try await transport.send(request)))
    } catch {
      return .answer(.failure(error))
    }
  }
}
