import MediaFSTesting
import Testing

extension MountTests {
  /// What makes a mount impossible is said in one line, with an exit code of its own, and nothing
  /// is left mounted.
  @Suite struct Refusals {
    /// How `mediafs mount` is called, and words of which its line has one.
    struct Case: Sendable, CustomTestStringConvertible {
      let testDescription: String
      /// See the table in the Configuration chapter.
      let code: Int32
      let words: [String]
      /// Ceph takes any region, MiniStack any key.
      var server: S3Server.Kind = .ceph
      /// Words before the command.
      var launcher: [String] = []
      var source: @Sendable (Stage) -> String = { "s3://\($0.bucket.name)/media" }
      var options: @Sendable (Stage) -> [String: String] = { _ in [:] }
      var environment: [String: String] = [:]
    }

    static let cases = [
      Case(
        testDescription: "wrong key", code: 10, words: ["secret", "key", "credential"],
        environment: ["AWS_SECRET_ACCESS_KEY": "wrong"]),
      Case(
        testDescription: "wrong region", code: 13, words: ["region"], server: .ministack,
        options: { _ in ["s3.region": "eu-nowhere-1"] }),
      Case(
        testDescription: "no such bucket", code: 14, words: ["bucket"],
        source: { _ in "s3://mediafs-never-made/media" }),
      Case(
        testDescription: "clock skew", code: 12, words: ["clock"],
        launcher: ["faketime", "--exclude-monotonic", "-f", "-2h"]),
      Case(
        testDescription: "unreachable endpoint", code: 15, words: ["reach", "connect"],
        options: { _ in ["s3.endpoint": "http://127.0.0.1:1"] }),
      Case(
        testDescription: "unwritable cache directory", code: 20, words: ["cache"],
        options: { _ in ["cache.directory": "/proc/mediafs"] }),
      Case(
        testDescription: "unknown option", code: 64, words: ["upload.dela"],
        options: { _ in ["upload.dela": "1s"] }),
    ]

    @Test(arguments: cases)
    func hasItsLineAndItsExitCode(_ refusal: Case) throws {
      try Stage.play(on: refusal.server) { stage in
        let access = stage.bucket.access
        let mountpoint = try stage.directory.directory("mount")
        let options = [
          "s3.endpoint": access.url, "cache.directory": stage.path("cache"),
        ].merging(refusal.options(stage)) { $1 }
        let finished = try run(
          refusal.launcher + Mount.command(refusal.source(stage), on: mountpoint, options: options),
          environment: access.credentials.merging(refusal.environment) { $1 },
          within: .seconds(60))

        #expect(finished.exit == .code(refusal.code), "\(finished)")
        #expect(finished.errors.split(separator: "\n").count == 1, "\(finished)")
        #expect(refusal.words.contains { finished.errors.contains($0) }, "\(finished)")
        #expect(!finished.errors.contains(access.secretKey))
        #expect(try !Mount.isMounted(mountpoint))
        #expect(Mount.daemons(of: mountpoint).isEmpty)
      }
    }

    @Test func noTwoHaveTheSameExitCode() {
      #expect(Set(Self.cases.map(\.code)).count == Self.cases.count)
    }
  }
}
