@testable import MediaFSEngine
import PosixIO
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(1))) struct DeferredTests {
  /// The deadline may be over before the wait for the value has begun.
  @Test func aDeadlineThatIsOverAtOnceIsNotMissed() async throws {
    var environment = Environment.live(
      executor: BlockingExecutor(name: "deferred-test", maximumThreads: 4))
    environment.sleep = { _ in }
    for _ in 0..<5_000 {
      let value = Deferred<Void>()
      do {
        try await value.wait("test", for: .zero, environment)
        Issue.record("There is no value")
      } catch {
        try #require(error.errno == .ioError)
      }
    }
  }
}
