import Testing

@testable import S3Client

@Suite struct AdaptiveLimitTests {
  /// The limit as an object, so that an expectation can change it.
  private final class Door {
    private var limit: AdaptiveLimit

    init(maximum: Int) { limit = AdaptiveLimit(maximum: maximum) }

    var current: Int { limit.current }
    var active: Int { limit.active }
    var queued: Int { limit.queued }

    func enter() throws -> AdaptiveLimit.Place {
      guard case .granted(let place) = limit.enter() else { throw Refused() }
      return place
    }

    /// The ticket of one that has to wait.
    func wait() -> Int? {
      guard case .queued(let ticket) = limit.enter() else { return nil }
      return ticket
    }

    func abandon(_ ticket: Int) -> Bool { limit.abandon(ticket: ticket) }
    func throttled(_ place: AdaptiveLimit.Place) { limit.throttled(place) }
    func leave() -> [(ticket: Int, place: AdaptiveLimit.Place)] { limit.release() }
    func release() -> [Int] { limit.release().map(\.ticket) }
    func succeeded() -> [Int] { limit.succeeded().map(\.ticket) }
  }

  private struct Refused: Error {}

  @Test func placesAreGivenInTheOrderOfAsking() throws {
    let door = Door(maximum: 2)
    _ = try (door.enter(), door.enter())
    #expect([door.wait(), door.wait(), door.wait()] == [0, 1, 2])
    #expect(door.abandon(1))
    #expect(!door.abandon(1))
    #expect(door.release() == [0])
    #expect(!door.abandon(0))
    #expect(door.release() == [2])
    #expect(door.release() == [])
    #expect(door.active == 1)
    #expect(door.queued == 0)
  }

  @Test func aThrottledStoreGetsHalf() throws {
    let door = Door(maximum: 40)
    for expected in [20, 10, 5, 2, 1, 1, 1] {
      let place = try door.enter()
      door.throttled(place)
      _ = door.release()
      #expect(door.current == expected)
    }
  }

  @Test func requestsThatWereUnderWayTogetherHalveItOnce() throws {
    let door = Door(maximum: 16)
    let places = try (0..<10).map { _ in try door.enter() }
    for place in places { door.throttled(place) }
    #expect(door.current == 8)
    // More are under way than are allowed now: nobody comes in until enough have left.
    #expect(door.wait() == 0)
    #expect(door.release() == [])
    #expect(door.release() == [])
    let admitted = door.leave()
    #expect(admitted.map(\.ticket) == [0])
    // It began after the decrease, so it says something new.
    for admission in admitted { door.throttled(admission.place) }
    #expect(door.current == 4)
  }

  @Test func itGrowsByOnePlaceForEachRoundOfAnswers() throws {
    let door = Door(maximum: 8)
    door.throttled(try door.enter())
    #expect(door.current == 4)
    for _ in 0..<4 { _ = door.succeeded() }
    #expect(door.current == 4)
    _ = door.succeeded()
    #expect(door.current == 5)
    for _ in 0..<1_000 { _ = door.succeeded() }
    #expect(door.current == 8)
  }

  @Test func growthLetsWaitersIn() throws {
    let door = Door(maximum: 2)
    door.throttled(try door.enter())
    #expect(door.wait() == 0)
    #expect(door.succeeded() == [0])
    #expect(door.active == 2)
  }

  @Test func thereIsAlwaysOnePlace() throws {
    let door = Door(maximum: 0)
    #expect(door.current == 1)
    _ = try door.enter()
    #expect(door.wait() == 0)
  }
}
