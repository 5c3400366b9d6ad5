import ObjectStorage

/// What an answer of the store means to the operator: a number and a line with the cure.
enum StoreFailure {
  static func status(of error: ObjectStoreError) -> ExitCode {
    switch error.code {
    case "RequestTimeTooSkewed": .clockSkew
    case "NoSuchBucket", "InvalidBucketName": .noSuchBucket
    case "WrongRegion": .wrongRegion
    case _ where error.isAboutCredentials: .credentialsRefused
    default:
      switch error.kind {
      case .accessDenied: .accessDenied
      case .unavailable, .throttled: .storeUnreachable
      case .notFound, .preconditionFailed, .invalid, .cancelled: .failure
      }
    }
  }

  /// - Parameters:
  ///   - address: of the store.
  ///   - skew: how far this machine is ahead of the store, if that is known.
  static func describe(
    _ error: ObjectStoreError, source: String, address: String, skew: Duration?
  ) -> Failure {
    let status = status(of: error)
    switch status {
    case .credentialsRefused where error.code == ObjectStoreError.credentialsMissingCode:
      return Failure(
        status,
        "no credentials for \(address): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
          + "or name a file in s3.credentials_file")
    case .credentialsRefused:
      return Failure(
        status, "\(address) refuses the credentials: \(error); check the key and its secret")
    case .accessDenied:
      return Failure(status, "the credentials lack a right on \(source): \(error)")
    case .clockSkew:
      return Failure(status, "\(clock(skew)): \(error); set the clock of this machine")
    case .noSuchBucket:
      return Failure(status, "there is no such bucket at \(address): \(source): \(error)")
    case .wrongRegion:
      return Failure(status, "wrong s3.region: \(error)")
    case .storeUnreachable where error.httpStatus == nil:
      return Failure(status, "cannot reach the store at \(address): \(error.message)")
    default:
      return Failure(status, "the store at \(address) does not work: \(error)")
    }
  }

  private static func clock(_ skew: Duration?) -> String {
    guard let skew else { return "the clock of this machine and that of the store differ" }
    let seconds = abs(skew / .seconds(1))
    // The store's date has whole seconds and took a while: 2h is better than 1h59m.
    let rounded = seconds < 600 ? seconds : (seconds / 60).rounded() * 60
    let amount = StatusText.duration(rounded)
    return "the clock of this machine is \(amount) \(skew > .zero ? "ahead" : "behind")"
  }
}
