import MediaFSCore
import Testing

@Suite struct BackoffTests {
  private static let backoff = Backoff(base: .seconds(2), cap: .seconds(60))

  @Test(arguments: [
    (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (1_000_000, 60), (Int.max, 60),
    (0, 2), (-5, 2),
  ])
  func doublesUpToTheCap(failures: Int, seconds: Int) {
    let longest = Self.backoff.delay(afterFailures: failures, jitter: 1)
    #expect(longest == .seconds(seconds))
    #expect(Self.backoff.delay(afterFailures: failures, jitter: 0) == longest / 2)
    #expect(Self.backoff.delay(afterFailures: failures, jitter: 0.5) == longest * 3 / 4)
  }

  @Test(arguments: [-1.0, 2, .infinity, -.infinity, .nan])
  func nonsenseJitterStaysWithinTheBounds(jitter: Double) {
    let delay = Self.backoff.delay(afterFailures: 1, jitter: jitter)
    #expect(delay >= .seconds(1) && delay <= .seconds(2))
  }

  @Test func degenerateSettingsEnd() {
    #expect(Backoff(base: .zero, cap: .seconds(1)).delay(afterFailures: .max, jitter: 1) == .zero)
    #expect(
      Backoff(base: .seconds(5), cap: .seconds(1)).delay(afterFailures: 3, jitter: 1) == .seconds(1)
    )
  }
}
