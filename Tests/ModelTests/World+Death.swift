import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import SystemPackage

/// A process that dies in the middle of an operation: nobody was told how it ended, so it has
/// happened, or it has not, or a change of bytes has got as far as it has.
extension World {
  /// - Parameter operation: under way when it died; `nil` where none was.
  func comeBack(from operation: Operation?) async throws {
    let unsettled = unsettled
    let before = model.copy()
    if let operation { _ = await expected.perform(operation) }
    let after = model.copy()
    try await restart()
    closeAll()
    let known = inodes
    uncertainSince = clock.now
    defer { uncertainSince = nil }
    var failure: (any Error)?
    for candidate in [after, before] {
      inodes = known
      candidate.closeAll()
      model.become(candidate)
      do {
        try await adoptTimes(of: unsettled)
        try await inGoodWeather { try await compareTrees(.exactly) }
        return try checkInvariants()
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }
}
