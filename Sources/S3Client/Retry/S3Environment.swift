import Glibc
package import ObjectStorage

/// Everything about the world that a test wants to decide.
package struct S3Environment: Sendable {
  /// The time that requests are dated with.
  package var now: @Sendable () -> Timestamp
  /// Time that only grows; for deadlines.
  package var uptime: @Sendable () -> Duration
  /// 0 up to but not including 1; for jitter.
  package var random: @Sendable () -> Double
  /// Throws when the task is cancelled, at once.
  package var sleep: @Sendable (Duration) async throws -> Void

  package init(
    now: @escaping @Sendable () -> Timestamp, uptime: @escaping @Sendable () -> Duration,
    random: @escaping @Sendable () -> Double,
    sleep: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.now = now
    self.uptime = uptime
    self.random = random
    self.sleep = sleep
  }

  package static let live = S3Environment(
    now: {
      let time = read(CLOCK_REALTIME)
      return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    },
    uptime: {
      let time = read(CLOCK_MONOTONIC)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    },
    random: { Double.random(in: 0..<1) },
    sleep: { try await Task.sleep(for: $0) })

  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return time
  }
}
