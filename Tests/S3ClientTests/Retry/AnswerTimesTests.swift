import Testing

@testable import S3Client

/// When a read that is not answered counts as lost.
@Suite struct AnswerTimesTests {
  private let limit: Duration = .seconds(60)

  private func times(_ usual: Duration, count: Int = 100) -> AnswerTimes {
    var times = AnswerTimes()
    for _ in 0..<count { times.add(usual) }
    return times
  }

  @Test func aFewAnswersTellNothing() {
    #expect(times(.milliseconds(1), count: 19).patience(attempt: 1, limit: limit) == limit)
    #expect(times(.milliseconds(1), count: 20).patience(attempt: 1, limit: limit) < limit)
  }

  @Test func patienceIsManyTimesTheUsualAndNeverLessThanAFailoverTakes() {
    #expect(times(.milliseconds(1)).patience(attempt: 1, limit: limit) == AnswerTimes.least)
    #expect(times(.seconds(2)).patience(attempt: 1, limit: limit) == .seconds(20))
    #expect(times(.seconds(2)).patience(attempt: 1, limit: .seconds(3)) == .seconds(3))
  }

  @Test func everyAttemptIsGivenTwiceTheTime() {
    let times = times(.milliseconds(700))
    let patience = (1...5).map { times.patience(attempt: $0, limit: limit) }
    #expect(patience == [.seconds(7), .seconds(14), .seconds(28), .seconds(56), limit])
    #expect(times.patience(attempt: .max, limit: limit) == limit)
  }

  @Test func aFewSlowAnswersDoNotCountAndManyDo() {
    var times = times(.milliseconds(1))
    for _ in 0..<4 { times.add(.seconds(3)) }
    #expect(times.patience(attempt: 1, limit: limit) == AnswerTimes.least)
    for _ in 0..<4 { times.add(.seconds(3)) }
    #expect(times.patience(attempt: 1, limit: limit) == .seconds(30))
  }

  @Test func whoTakesTwiceTheUsualIsLate() {
    #expect(times(.milliseconds(1), count: 19).lateness == nil)
    #expect(times(.milliseconds(1)).lateness == AnswerTimes.leastLateness)
    #expect(times(.milliseconds(300)).lateness == .milliseconds(600))
  }

  @Test func oneInTwentyMayBeAskedForTwice() {
    var budget = HedgeBudget()
    func takeAll() -> Int {
      var count = 0
      while budget.take() { count += 1 }
      return count
    }
    #expect(takeAll() == 0)
    for _ in 0..<20 { budget.asked() }
    #expect(takeAll() == 1)
    for _ in 0..<10_000 { budget.asked() }
    #expect(takeAll() == HedgeBudget.most)
  }
}
