import Glibc
import PosixIO
import SystemPackage

/// Refuses secrets that others may read.
///
/// A file that our configuration names is ours to judge; that of other tools gets a warning,
/// because they would go on working and we should not be the reason to change its mode in a hurry.
struct CredentialsFileCheck {
  private let named: String?
  private let shared: String?

  init(_ settings: StoreSettings, _ environment: [String: String]) {
    named = settings.credentialsFile
    shared =
      environment["AWS_SHARED_CREDENTIALS_FILE"]
      ?? environment["HOME"].map { "\($0)/.aws/credentials" }
  }

  /// A warning, if there is one.
  func run() throws(Failure) -> String? {
    if let named {
      let status: FileStatus
      do throws(Errno) {
        status = try FileTree.status(of: FilePath(named))
      } catch {
        throw Failure(.usage, "s3.credentials_file \(named) cannot be read: \(error)")
      }
      if status.user == geteuid(), status.isReadableByOthers {
        throw Failure(.usage, "others may read the credentials in \(named); chmod 600 it")
      }
      return nil
    }
    guard let shared, let status = try? FileTree.status(of: FilePath(shared)),
      status.isReadableByOthers
    else { return nil }
    return "others may read the credentials in \(shared); chmod 600 it"
  }
}
