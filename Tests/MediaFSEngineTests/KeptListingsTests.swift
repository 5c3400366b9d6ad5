import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// When the kernel may go on with the names of a directory that it has.
@Suite struct KeptListingsTests {
  private let kept = KeptListings()
  private let directory = InodeNumber(7)

  private func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

  @Test func whatWasReadIsKeptUntilItIsListedAnew() {
    #expect(kept.open(directory, of: at(1)) == .read)
    kept.close(directory)
    #expect(kept.open(directory, of: at(1)) == .kept)
    // Another one, who reads the same names meanwhile.
    #expect(kept.open(directory, of: at(1)) == .kept)
    kept.close(directory)
    kept.close(directory)
    #expect(kept.open(directory, of: at(2)) == .read)
    kept.close(directory)
    #expect(kept.open(directory, of: at(2)) == .kept)
  }

  @Test func whatOthersChangeIsReadAnew() {
    #expect(kept.open(directory, of: at(1)) == .read)
    kept.close(directory)
    kept.forget(directory)
    #expect(kept.open(directory, of: at(1)) == .read)
  }

  /// Old names may be on their way to the kernel for him.
  @Test func nothingIsKeptWhileSomebodyHasOlderNames() {
    #expect(kept.open(directory, of: at(1)) == .read)
    #expect(kept.open(directory, of: at(2)) == .none)
    #expect(kept.open(directory, of: at(2)) == .none)
    for _ in 0..<3 { kept.close(directory) }
    #expect(kept.open(directory, of: at(2)) == .read)

    kept.forget(directory)
    #expect(kept.open(directory, of: at(2)) == .none)
    kept.close(directory)
    #expect(kept.open(directory, of: at(2)) == .none)
    for _ in 0..<2 { kept.close(directory) }
    #expect(kept.open(directory, of: at(2)) == .read)
  }

  @Test func aChangeInTheStoreIsHeardOfWithTheNextOpen() async throws {
    let clock = ManualClock()
    let fs = try TestVolume(clock: clock) { $0.metadataTTL = .seconds(60) }
    try await fs.write("bytes", to: "f")
    try await fs.drain()
    func caching() async throws -> OpenDirectoryReply.Names {
      let reply = try await fs.volume.openDirectory(.root)
      defer { fs.volume.releaseDirectory(reply.handle) }
      return reply.caching
    }
    #expect(try await caching() == .read)
    #expect(try await caching() == .kept)
    clock.advance(by: .seconds(61))
    // Listed anew: the kernel gets the attributes along with the names.
    #expect(try await caching() == .read)
    #expect(try await caching() == .kept)
    try await fs.unlink("f")
    // Through the kernel, which has seen it.
    #expect(try await caching() == .kept)
  }

  @Test func whatIsCheckedAtEachOpenIsNeverKept() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    for _ in 0..<3 {
      let reply = try await fs.volume.openDirectory(.root)
      #expect(reply.caching == .none)
      fs.volume.releaseDirectory(reply.handle)
    }
  }
}
