import MediaFSTesting
import Testing

@testable import mediafs

/// The program itself, from outside.
@Suite struct ProgramTests {
  private func mediafs(
    _ arguments: String..., environment: [String: String] = [:]
  ) throws -> Finished {
    try run([TestEnvironment.program] + arguments, environment: environment)
  }

  private func expect(
    _ finished: Finished, _ status: ExitCode, _ words: String...,
    at location: SourceLocation = #_sourceLocation
  ) {
    #expect(finished.exit == .code(status.rawValue), "\(finished)", sourceLocation: location)
    #expect(
      finished.errors.split(separator: "\n").count == 1, "\(finished)", sourceLocation: location)
    for word in words {
      #expect(finished.errors.contains(word), "\(finished)", sourceLocation: location)
    }
  }

  @Test func wrongConfigurationsAreUsageErrors() throws {
    let directory = try TemporaryDirectory()
    let mount = ["mount", "s3://bucket", directory.path, "-o"]
    expect(
      try run([TestEnvironment.program] + mount + ["upload.dela=1s"]), .usage, "upload.dela",
      "did you mean \"upload.delay\"?")
    expect(
      try run([TestEnvironment.program] + mount + ["cache.size=much"]), .usage, "cache.size", "much"
    )
    expect(try mediafs("mount", "bucket", directory.path), .usage, "s3://BUCKET")
    expect(try mediafs("mount"), .usage, "source")
    expect(
      try mediafs("mount", "--config", "/nonexistent.toml"), .usage, "/nonexistent.toml")
  }

  @Test func unknownCommandsAndFlagsAreUsageErrors() throws {
    #expect(try mediafs("frobnicate").exit == .code(ExitCode.usage.rawValue))
    #expect(try mediafs("status", "--yaml").exit == .code(ExitCode.usage.rawValue))
  }

  @Test func causesOnThisMachineHaveTheirStatus() throws {
    let directory = try TemporaryDirectory()
    let store = "file://\(directory.path)/store"
    let cache = "cache.directory=\(directory.path)/cache"
    expect(
      try mediafs("mount", store, directory.path + "/missing", "-o", cache), .mountpointUnusable,
      "missing")
    expect(try mediafs("mount", store, "/dev/null", "-o", cache), .mountpointUnusable, "/dev/null")
    expect(
      try mediafs("mount", store, directory.path, "-o", "cache.directory=/proc/x"), .cacheUnusable,
      "/proc/x")
  }

  @Test func otherPathsAreOnNoMount() throws {
    for command in ["status", "flush", "umount", "pause", "resume", "retry"] {
      expect(try mediafs(command, "/proc"), .notMounted, "/proc")
    }
  }

  @Test func configurationIsShownWithoutSecrets() throws {
    let environment = [
      "MEDIAFS_S3_PROXY": "http://me:hunter2@proxy:3128", "AWS_SECRET_ACCESS_KEY": "hunter2",
    ]
    let shown = try mediafs(
      "config", "show", "-o", "cache.size=1GiB", "--json", environment: environment)
    let json = try JSON(parsing: shown.output)
    #expect(json["cache.size"]?["value"]?.text == "1GiB")
    #expect(json["cache.size"]?["origin"]?.text == "option -o")
    #expect(json["upload.delay"]?["origin"]?.text == "built in")
    #expect(json["s3.proxy"]?["value"]?.text == "http://***@proxy:3128")
    #expect(!"\(shown)".contains("hunter2"))
  }

  @Test func everyCommandHasHelpWithAnExample() throws {
    let commands = [
      "mount", "umount", "status", "flush", "pause", "resume", "retry", "check", "config",
    ]
    for command in commands {
      let help = try mediafs("help", command)
      #expect(help.exit == .code(0) && help.output.contains("Example: mediafs \(command)"))
    }
  }

  @Test func helperOfMountSpeaksItsLanguage() throws {
    let directory = try TemporaryDirectory()
    let helper = directory.path + "/mount.mediafs"
    try succeed(["ln", "-s", TestEnvironment.program, helper])
    try succeed([helper, "s3://bucket/a", "/mnt", "-f", "-o", "rw,_netdev,s3.region=x"])
    expect(try run([helper, "s3://bucket/a"]), .usage, "usage: mount.mediafs")
    expect(
      try run([helper, "s3://bucket/a", "/mnt", "-o", "s3.regoin=x"]), .usage, "s3.region")
  }
}
