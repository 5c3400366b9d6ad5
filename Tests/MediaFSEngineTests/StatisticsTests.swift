import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Synchronization
import Testing

/// What statfs(2) is told.
@Suite struct StatisticsTests {
  @Test func inodesAreCountedAtMostOnceASecond() async throws {
    let clock = ManualClock()
    let fs = try TestVolume(clock: clock)
    func used() throws -> Int64 {
      let statistics = try fs.volume.statistics()
      return statistics.totalInodes - statistics.freeInodes
    }
    try await fs.write("1", to: "a")
    #expect(try used() == 2)
    try await fs.write("2", to: "b")
    clock.advance(by: .milliseconds(900))
    #expect(try used() == 2)
    clock.advance(by: .milliseconds(100))
    #expect(try used() == 3)
    try await fs.unlink("b")
    // A clock that was set back says nothing about the age of the count.
    clock.advance(by: .seconds(-3_600))
    #expect(try used() == 2)
  }
}

/// Goes when it is told, and a little at every look, since no two moments are the same; who sleeps
/// sleeps by the real one.
final class ManualClock: Sendable {
  private let time = Mutex(Timestamp(seconds: 1_700_000_000))

  var now: Timestamp {
    time.withLock { time in
      time = time.advanced(by: .microseconds(1))
      return time
    }
  }

  func advance(by duration: Duration) {
    time.withLock { $0 = $0.advanced(by: duration) }
  }
}
