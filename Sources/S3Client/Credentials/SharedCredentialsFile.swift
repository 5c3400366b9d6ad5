import Glibc
package import ObjectStorage
import Synchronization

/// A profile of Amazon's shared credentials file, read again when the file changes.
package final class SharedCredentialsFile: CredentialSource {
  /// What tells one version of the file from the next.
  private struct Version: Hashable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    let seconds: Int
    let nanoseconds: Int
  }

  private struct Reading {
    let version: Version
    let credentials: Credentials?
  }

  /// Larger than any such file; guards against a path that is something else.
  private static let maximumSize = 1 << 20

  private let path: String
  private let profile: String
  private let reading = Mutex<Reading?>(nil)

  package init(path: String, profile: String) {
    self.path = path
    self.profile = profile
  }

  /// Costs one `stat` while the file stays as it is. A file or profile that does not exist is no
  /// error: it may come later.
  package func credentials(
    rejected: Credentials?
  ) async throws(ObjectStoreError) -> Credentials? {
    guard let version = version() else { return nil }
    if let known = reading.withLock({ $0 }), known.version == version { return known.credentials }
    let text = try text()
    let settings = CredentialsProfile.settings(profile, in: text)
    var found: Credentials?
    if let id = settings?["aws_access_key_id"], let secret = settings?["aws_secret_access_key"] {
      found = Credentials(
        accessKeyID: id, secretAccessKey: secret, sessionToken: settings?["aws_session_token"])
    }
    // The version from before reading: a change in between is then seen the next time.
    reading.withLock { $0 = Reading(version: version, credentials: found) }
    return found
  }

  private func version() -> Version? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return Version(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
      seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
  }

  private func text() throws(ObjectStoreError) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("cannot be opened") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 16 << 10)
    while bytes.count <= Self.maximumSize {
      let count = unsafe Glibc.read(descriptor, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure("cannot be read") }
      guard count > 0 else {
        guard let text = String(validating: bytes, as: UTF8.self) else {
          throw failure("is not UTF-8")
        }
        return text
      }
      bytes += block[..<count]
    }
    throw failure("is too large")
  }

  private func failure(_ what: String) -> ObjectStoreError {
    ObjectStoreError(
      .accessDenied, code: ObjectStoreError.credentialsUnreadableCode,
      message: "credentials file \(path) \(what)")
  }
}
