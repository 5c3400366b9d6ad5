import Glibc
import ObjectStorage

extension Environment {
  /// The machine's clock and chance, on threads that may block.
  package static func live(executor: any TaskExecutor) -> Environment {
    Environment(
      now: {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
      },
      sleep: { duration in
        do { try await Task.sleep(for: duration) } catch { return }
      },
      random: { Double.random(in: 0..<1) },
      executor: executor)
  }
}
