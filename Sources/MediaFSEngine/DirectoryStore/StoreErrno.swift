import ObjectStorage
import SystemPackage

extension ObjectStoreError {
  /// What a failed system call means to the caller of the store. A file that is missing is handled
  /// where it can mean a missing object; here it is the store that is not as it should be.
  init(_ error: Errno, _ action: String) {
    let kind: Kind =
      switch error {
      case .permissionDenied, .notPermitted, .readOnlyFileSystem: .accessDenied
      case .fileNameTooLong, .notDirectory, .invalidArgument: .invalid
      default: .unavailable
      }
    self.init(kind, code: "Errno\(error.rawValue)", message: "cannot \(action): \(error)")
  }
}

/// Runs system calls on behalf of a request.
func onDisk<Result>(
  _ action: String, _ body: () throws(Errno) -> Result
) throws(ObjectStoreError) -> Result {
  do {
    return try body()
  } catch {
    throw ObjectStoreError(error, action)
  }
}
