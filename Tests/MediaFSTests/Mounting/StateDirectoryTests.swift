import Glibc
import MediaFSTesting
import SystemPackage
import Testing

@testable import mediafs

@Suite struct StateDirectoryTests {
  @Test func isMadePrivateAndLocked() throws {
    let directory = try TemporaryDirectory()
    let path = FilePath("\(directory.path)/a/b")
    let state = try StateDirectory(locking: path, for: "/mnt/one")
    #expect(try permissions(of: path.string) == 0o700)
    do {
      _ = try StateDirectory(locking: path, for: "/mnt/two")
      Issue.record("locked twice")
    } catch {
      #expect(error.status == .stateInUse)
      #expect(error.description.contains("process \(getpid()), mounted on /mnt/one"))
    }
    withExtendedLifetime(state) {}
  }

  @Test func lockEndsWithItsOwner() throws {
    let directory = try TemporaryDirectory()
    let path = FilePath(directory.path)
    _ = try StateDirectory(locking: path, for: "/mnt/one")
    _ = try StateDirectory(locking: path, for: "/mnt/one")
  }

  @Test func openDirectoryIsClosedToOthers() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.directory("open")
    _ = try StateDirectory(locking: FilePath(path), for: "/mnt/one")
    #expect(try permissions(of: path) == 0o700)
  }

  @Test(arguments: ["/proc/mediafs", "/dev/null/x", "/dev/null"])
  func unusablePlaceSaysSo(_ path: String) {
    do {
      _ = try StateDirectory(locking: FilePath(path), for: "/mnt/one")
      Issue.record("accepted")
    } catch {
      #expect(error.status == .cacheUnusable && error.description.contains(path))
    }
  }
}

@Suite struct CredentialsFileCheckTests {
  private func run(
    named: String? = nil, environment: [String: String] = [:]
  ) throws(Failure) -> String? {
    var settings = StoreSettings()
    settings.credentialsFile = named
    return try CredentialsFileCheck(settings, environment).run()
  }

  @Test func fileOfOursMustBePrivate() throws {
    let directory = try TemporaryDirectory()
    let open = try directory.write("open", "[default]", permissions: [.ownerReadWrite, .groupRead])
    let closed = try directory.write("closed", "[default]", permissions: .ownerReadWrite)
    #expect(throws: Failure.self) { try run(named: open) }
    #expect(try run(named: closed) == nil)
    #expect(throws: Failure.self) { try run(named: closed + "x") }
  }

  @Test func fileOfOthersIsAWarning() throws {
    let directory = try TemporaryDirectory()
    let open = try directory.write("open", "[default]", permissions: [.ownerReadWrite, .otherRead])
    #expect(try run(environment: ["AWS_SHARED_CREDENTIALS_FILE": open])?.contains(open) == true)
    #expect(try run(environment: ["HOME": directory.path]) == nil)
  }
}
