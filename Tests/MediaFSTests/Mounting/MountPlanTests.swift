import MediaFSCore
import MediaFSEngine
import SystemPackage
import Testing

@testable import mediafs

/// The plan of a mount of root in /work, without a file or an environment.
private func plan(
  _ source: String = "s3://bucket/photos", on mountpoint: String = "/srv/media",
  options: [String] = [], instance: String? = nil, directory: FilePath = "/work"
) throws(Failure) -> MountPlan {
  let found: Configuration
  do throws(ConfigurationError) {
    found = try configuration(
      options: options,
      arguments: [
        Assignment(key: "source", value: source, origin: .argument),
        Assignment(key: "mountpoint", value: mountpoint, origin: .argument),
      ])
  } catch {
    throw Failure(error)
  }
  return try MountPlan(
    found, instance: instance, place: StatePlace(isPrivileged: true, environment: [:]),
    directory: directory, environment: [:])
}

@Suite struct MountPlanTests {
  @Test func fillsInWhatTheEngineNeeds() throws {
    let plan = try plan(options: ["cache.directory=/cache", "umask=077", "ro"])
    #expect(plan.volume.keyPrefix == "photos/")
    #expect(plan.volume.stateDirectory == "/cache")
    #expect(plan.volume.controlSocket == "/cache/control.sock")
    #expect(plan.volume.mountpoint == "/srv/media")
    #expect(plan.volume.fileMode == 0o600 && plan.volume.directoryMode == 0o700)
    #expect(plan.volume.readOnly)
  }

  @Test func pathsAreRelativeToTheDirectoryOfTheCommand() throws {
    let plan = try plan(
      on: "../media/", options: ["cache.directory=cache", "s3.ca_file=ca.pem"])
    #expect(plan.mountpoint == "/media")
    #expect(plan.stateDirectory == "/work/cache")
    #expect(plan.store.certificateFile == "/work/ca.pem")
  }

  @Test func instanceStandsInSourceAndMountpoint() throws {
    let plan = try plan("s3://bucket/%i", on: "/srv/%i", instance: "site")
    #expect(plan.source.keyPrefix == "site/")
    #expect(plan.mountpoint == "/srv/site")
    #expect(plan.name == "site")
    #expect(plan.stateDirectory == "/var/lib/mediafs/site")
  }

  @Test func instanceMustBeThere() {
    #expect(throws: Failure.self) { try plan("s3://bucket/%i") }
  }

  @Test(arguments: ["../etc", "a/b", "", ".hidden", "-o", "ü"])
  func namesLeadNowhereElse(_ name: String) {
    #expect(throws: Failure.self) { try plan(instance: name) }
  }

  @Test(arguments: ["s3://B", "s3://bucket/../x", "s3://bucket//x", "bucket", "s3://bucket/a\u{7}"])
  func badSourcesAreUsageErrors(_ source: String) {
    do {
      _ = try plan(source)
      Issue.record("accepted")
    } catch {
      #expect(error.status == .usage && !error.description.contains("\n"))
    }
  }

  @Test func namespaceAndPrefixAreOptionsToo() throws {
    #expect(try plan("s3://bucket", options: ["namespace=a"]).volume.keyPrefix == "a/")
    #expect(try plan("s3://bucket", options: ["prefix=a"]).volume.keyPrefix == "a")
    #expect(throws: Failure.self) { try plan("s3://bucket/a", options: ["namespace=b"]) }
  }
}

@Suite struct MountNameTests {
  private func name(_ source: String, endpoint: String? = nil) throws -> String {
    MountName.derive(from: try Source(parsing: source), endpoint: endpoint)
  }

  @Test func isReadableAndStable() throws {
    #expect(try name("s3://bucket/photos").hasPrefix("bucket-photos-"))
    #expect(try name("s3://bucket/photos") == name("s3://bucket/photos/"))
  }

  @Test func tellsStoresAndNamespacesApart() throws {
    let names = [
      try name("s3://bucket/a"), try name("s3://bucket/b"), try name("s3://bucket-a"),
      try name("s3://bucket"), try name("s3://bucket/a", endpoint: "https://s3.example.org"),
      try name("file:///bucket/a"), try name("s3://bucket/ä"), try name("s3://bucket/a\u{308}"),
    ]
    #expect(Set(names).count == names.count)
  }

  @Test func isAlwaysValid() throws {
    let long = String(repeating: "very/long/", count: 60)
    for source in ["s3://bucket/\(long)x", "s3://bucket/.../-", "file:///ä/ö"] {
      #expect(MountName.isValid(try name(source)))
    }
  }
}

@Suite struct StatePlaceTests {
  @Test func rootAndOthersHaveTheirOwn() {
    let root = StatePlace(isPrivileged: true, environment: ["XDG_STATE_HOME": "/x"])
    #expect(root.directory(of: "a") == "/var/lib/mediafs/a")
    let user = StatePlace(isPrivileged: false, environment: ["XDG_STATE_HOME": "/x", "HOME": "/h"])
    #expect(user.directory(of: "a") == "/x/mediafs/a")
    let plain = StatePlace(isPrivileged: false, environment: ["HOME": "/h"])
    #expect(plain.directory(of: "a") == "/h/.local/state/mediafs/a")
  }
}
