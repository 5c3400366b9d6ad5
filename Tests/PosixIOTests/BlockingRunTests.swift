import PosixIO
import SystemPackage
import Testing

@Suite struct BlockingRunTests {
  @Test func givesTheValue() {
    let executor = BlockingExecutor(name: "run", maximumThreads: 1)
    let value = executor.run { () async -> Int in
      await Task.yield()
      return 7
    }
    executor.shutdown()
    #expect(value == 7)
  }

  @Test func throwsTheError() {
    let executor = BlockingExecutor(name: "run", maximumThreads: 1)
    #expect(throws: Errno.ioError) {
      try executor.run { () async throws(Errno) -> Int in throw .ioError }
    }
    executor.shutdown()
  }
}
