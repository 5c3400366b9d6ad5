import Logging
import MediaFSCore
import ObjectStorage

/// Asks the store before the mount, so that what is wrong is said to whoever mounts.
struct StoreCheck: Sendable {
  /// How long a mount that can work without the store waits for it: one that serves from its cache
  /// is better than one that is late.
  private static let briefPatience: Duration = .seconds(3)
  private static let patience: Duration = .seconds(30)

  let plan: MountPlan
  let connection: StoreConnection
  /// There is a catalog of an earlier run.
  let isKnown: Bool
  let log: Logger

  /// - Throws: when the mount must not be made. A store that cannot be reached is no reason for
  ///   one that has a catalog already.
  func run() async throws(Failure) {
    do throws(ObjectStoreError) {
      try await verify(within: isKnown ? Self.briefPatience : Self.patience)
    } catch {
      let failure = await describe(error)
      guard isKnown, failure.status == .storeUnreachable else { throw failure }
      log.warning("Mounting without the store", metadata: ["cause": "\(failure)"])
      return
    }
    try checkRegion()
  }

  /// A region that somebody has written down and that is wrong is an error; the built-in one is a
  /// guess, and the store has corrected it.
  private func checkRegion() throws(Failure) {
    guard let region = connection.region, region != plan.store.region else { return }
    if plan.configuration.origins["s3.region"] != nil {
      throw Failure(
        .wrongRegion, "s3.region is \(plan.store.region), but the bucket is in the region \(region)"
      )
    }
    log.notice("The bucket is in another region", metadata: ["region": "\(region)"])
  }

  private func describe(_ error: ObjectStoreError) async -> Failure {
    var skew: Duration?
    if StoreFailure.status(of: error) == .clockSkew, let time = await connection.serverTime() {
      skew = Clock.now().duration(since: time)
    }
    return StoreFailure.describe(
      error, source: plan.source.description, address: connection.address, skew: skew)
  }

  private func verify(within patience: Duration) async throws(ObjectStoreError) {
    let prefix = plan.source.keyPrefix
    typealias Outcome = Result<Void, ObjectStoreError>
    let result = await withTaskGroup(of: Outcome.self) { [connection] group -> Outcome in
      group.addTask {
        do throws(ObjectStoreError) {
          try await connection.verify(prefix: prefix)
          return .success(())
        } catch {
          return .failure(error)
        }
      }
      group.addTask {
        // Cancelled as soon as the store has answered.
        try? await Task.sleep(for: patience)
        return .failure(
          ObjectStoreError(
            .unavailable, code: "Timeout",
            message: "no answer in \(DurationText.format(patience))"))
      }
      defer { group.cancelAll() }
      return await group.next() ?? .success(())
    }
    try result.get()
  }
}
