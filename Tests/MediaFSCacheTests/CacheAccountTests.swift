import MediaFSCache
import MediaFSTesting
import SystemPackage
import Testing

@Suite struct CacheAccountTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func account(
    used: Int64 = 0, limit: Int64, minimumFree: Double = 0
  ) -> CacheAccount {
    CacheAccount(
      used: used, limit: limit, minimumFree: minimumFree, directory: FilePath(directory.path))
  }

  @Test func theLimitIsHard() {
    let account = account(used: 40, limit: 100)
    #expect(!account.reserve(61))
    #expect(account.used == 40)
    #expect(account.reserve(60))
    #expect(account.used == 100)
    #expect(!account.reserve(1))
    #expect(account.reserve(0))
  }

  @Test func nothingIsReservedBeforeAllIsCounted() {
    let account = CacheAccount(
      used: nil, limit: 100, minimumFree: 0, directory: FilePath(directory.path))
    #expect(!account.reserve(1))
    // What goes meanwhile is of what was there, and what came was reserved before.
    account.release(30)
    #expect(account.used == 0)
    account.begin(with: 90)
    #expect(account.used == 60)
    #expect(account.reserve(40) && !account.reserve(1))
    account.begin(with: 90)
    #expect(account.used == 100)
  }

  @Test func releasedRoomCanBeTakenAgain() {
    let account = account(used: 100, limit: 100)
    account.release(30)
    #expect(account.used == 70)
    #expect(account.reserve(30))
    #expect(!account.reserve(1))
  }

  @Test func releaseNeverGoesBelowNothing() {
    let account = account(used: 10, limit: 100)
    account.release(50)
    #expect(account.used == 0)
    #expect(!account.reserve(101))
  }

  /// Bytes that are on the disk already count, whatever the limit: nothing fits until they went.
  @Test func roomCanBeTakenByForce() {
    let account = account(used: 90, limit: 100)
    account.release(-50)
    #expect(account.used == 140)
    #expect(!account.reserve(1))
    account.release(50)
    #expect(account.reserve(10))
  }

  @Test func aDiskThatWouldBecomeTooFullIsRefused() {
    let account = account(limit: .max, minimumFree: 2)
    #expect(!account.reserve(1))
    #expect(account.used == 0)
    // Asked again: the refusal is not forgotten with the interval of the check.
    #expect(!account.reserve(1))
  }

  @Test func moreThanTheDiskHasIsRefused() {
    let account = account(limit: .max)
    #expect(!account.reserve(1 << 60))
    #expect(account.reserve(1))
  }

  /// The disk is not asked for every byte, but before 16 MiB were taken without asking.
  @Test func theDiskIsAskedAgainAfterAWhile() throws {
    let account = account(limit: .max)
    #expect(account.reserve(1))
    #expect(!account.reserve(1 << 60))
  }

  @Test func manyThreadsNeverExceedTheLimit() async {
    let account = account(limit: 1_000)
    let granted = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask { (0..<1_000).count(where: { _ in account.reserve(1) }) }
      }
      return await group.reduce(0, +)
    }
    #expect(granted == 1_000)
    #expect(account.used == 1_000)
  }
}
