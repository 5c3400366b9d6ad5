package import ObjectStorage

/// When an upload that failed is tried again.
package struct RetrySchedule: Hashable, Sendable {
  package var backoff: Backoff

  package init(backoff: Backoff = .background) {
    self.backoff = backoff
  }

  /// When a file is due whose upload has just failed; `nil` when somebody must do something first.
  ///
  /// - Parameters:
  ///   - failures: in a row, this one included.
  ///   - jitter: as in ``Backoff/delay(afterFailures:jitter:)``.
  package func due(
    after verdict: UploadVerdict, failures: Int, now: Timestamp, jitter: Double
  ) -> Timestamp? {
    let later = now.advanced(by: backoff.delay(afterFailures: failures, jitter: jitter))
    return switch verdict {
    case .retry, .awaitCredentials: later
    // Nothing to wait for the first time; a store that does it again must not be hammered.
    case .restart, .conflict: failures > 1 ? later : now
    case .park: nil
    }
  }
}

/// What the failure of an upload means for the file.
package enum UploadVerdict: Hashable, Sendable, CaseIterable {
  /// The store or the way to it is at fault: again later, for ever.
  case retry
  /// The credentials are out of date or the clock is: again later, and nothing is wrong with the
  /// file. Heals without anybody asking.
  case awaitCredentials
  /// Somebody else changed the object: keep both.
  case conflict
  /// What the upload was built on is gone (its multipart upload), or the file changed meanwhile:
  /// again from the start.
  case restart
  /// Refused for good: visible to the operator, kept, and tried again only when asked.
  case park

  package init(_ error: ObjectStoreError) {
    switch error.kind {
    case .throttled, .unavailable: self = .retry
    case .preconditionFailed: self = .conflict
    case .notFound, .cancelled: self = .restart
    case .accessDenied:
      self = error.isAboutCredentials || Self.isAboutClock(error) ? .awaitCredentials : .park
    case .invalid: self = .park
    }
  }

  /// The clock of this machine is wrong: setting it cures that.
  private static func isAboutClock(_ error: ObjectStoreError) -> Bool {
    ["RequestTimeTooSkewed", "RequestExpired"].contains(error.code)
  }
}
