import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// Who waits for uploads is told why they do not come.
@Suite(.timeLimit(.minutes(1))) struct DrainTests {
  private func message(_ body: () async throws -> Void) async -> String? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? FileSystemError)?.message
    }
  }

  @Test(arguments: [1, 3])
  func whatIsParkedIsSaidWithItsCure(count: Int) async throws {
    // Not before all is written: the beginning of a file may be sent on its own.
    let fs = try TestVolume { $0.uploadEnabled = false }
    let denied = ObjectStoreError(
      .invalid, code: "EntityTooLarge", message: "too large", httpStatus: 400)
    for name in ["a", "b", "c"].prefix(count) {
      fs.store.inject(.fail(denied), on: .put, key: ObjectKey("ns/" + name))
      try await fs.write("bytes", to: name)
    }
    fs.volume.setPaused(false)
    let text = await message { try await fs.drain() }
    let start = count == 1 ? "1 file is parked" : "3 files are parked"
    #expect(text == start + ": `mediafs status` says why, `mediafs retry` tries again")
    _ = try fs.volume.retry(beneath: nil)
    try await fs.drain()
  }

  @Test func aPausedMountIsNotWaitedFor() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.drain()
    try await fs.write("bytes", to: "f")
    let text = await message { try await fs.drain() }
    #expect(text == "uploads are paused: `mediafs resume` starts them")
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f": "bytes"])
  }

  @Test func whatIsUnderWayIsWaitedForThoughTheRestIsPaused() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    let upload = Gate()
    fs.store.inject(.hold(upload), on: .put, key: ObjectKey("ns/f"))
    try await fs.write("bytes", to: "f")
    fs.volume.setPaused(false)
    await upload.reached()
    fs.volume.setPaused(true)
    let volume = fs.volume
    async let drained: Void = volume.flush(beneath: nil)
    upload.open()
    try await drained
    #expect(try await fs.files() == ["ns/f": "bytes"])
  }

  enum Obstacle: CaseIterable {
    case pause, outage, refusal
  }

  @Test(arguments: Obstacle.allCases)
  func aSynchronousUploadSaysWhyItDidNotCome(obstacle: Obstacle) async throws {
    let fs = try TestVolume {
      $0.uploadSynchronous = true
      $0.networkDeadline = .milliseconds(300)
    }
    let reason: String
    switch obstacle {
    case .pause:
      fs.volume.setPaused(true)
      reason = "uploads are paused: `mediafs resume` starts them"
    case .outage:
      _ = try await fs.names()
      fs.store.outage = .connectionLost
      reason = "the store does not answer: \(ObjectStoreError.connectionLost)"
    case .refusal:
      let error = ObjectStoreError(
        .accessDenied, code: "ExpiredToken", message: "expired", httpStatus: 403)
      fs.store.inject(.fail(error), on: .put, key: ObjectKey("ns/f"), times: 100)
      reason = "\(error)"
    }
    let text = await message { try await fs.write("bytes", to: "f") }
    #expect(text == "Not everything was uploaded in 0.3 seconds: " + reason)
  }
}
